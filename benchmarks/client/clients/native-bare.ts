import { createNativeTransport } from '../../../src/transport/native/index.ts'
import { CASES, SQL } from '../cases.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'
import { DO_GET, TICKETS } from './bytes.ts'

/** The native transport by itself, messages left as bytes: what to compare the floor and grpc-js with. */
export const nativeBare: ClientUnderTest = {
  name: 'native transport, bytes',
  decodes: 'nothing',
  cases: CASES,
  async open(address) {
    const transport = createNativeTransport({
      address: { secure: false, host: '127.0.0.1', port: address.port },
      connections: 1,
    })
    await transport.connect()
    const query = async (sql: string) => {
      let bytes = 0
      await new Promise<void>((resolve, reject) => {
        transport.start(DO_GET, TICKETS[sql]!, {
          onMessage: (message) => {
            bytes += message.length
          },
          onEnd: (error) => (error === null ? resolve() : reject(error)),
        })
      })
      expectCount('bytes', bytes, address.answerBytes[sql]!)
    }
    return { query, stream: () => query(SQL.stream), close: () => transport.close() }
  },
}
