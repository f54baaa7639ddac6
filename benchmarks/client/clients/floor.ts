import { CASES, SQL } from '../cases.ts'
import { FloorClient } from '../floor.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'
import { TICKETS } from './bytes.ts'

export const floor: ClientUnderTest = {
  name: 'floor',
  decodes: 'nothing',
  cases: CASES,
  async open(address) {
    const client = await FloorClient.open(address.port)
    const query = async (sql: string) => {
      expectCount('bytes', await client.query(TICKETS[sql]!), address.answerBytes[sql]!)
    }
    return { query, stream: () => query(SQL.stream), close: () => client.close() }
  },
}
