import { SpiceClient } from '@spiceai/spice'
import { ROWS } from '../cases.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'

/** The official client: GetFlightInfo then DoGet, a gRPC client per query, an apache-arrow Table built. */
export const spiceJs: ClientUnderTest = {
  name: '@spiceai/spice',
  decodes: 'table',
  cases: ['one-row', 'k1', 'stream', 'inflight64'],
  async open(address) {
    const client = new SpiceClient({
      flightUrl: `127.0.0.1:${address.port}`,
      flightTlsEnabled: false,
      flightOnly: true,
      logging: false,
    })
    return {
      async query(sql) {
        const table = await client.sql(sql)
        expectCount('rows', table.toArray().length, ROWS[sql]!)
      },
      async stream(sql) {
        let rows = 0
        await client.sql(sql, (batch) => {
          rows += batch.numRows
        })
        expectCount('rows', rows, ROWS[sql]!)
      },
      close() {},
    }
  },
}
