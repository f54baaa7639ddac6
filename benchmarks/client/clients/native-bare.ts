import { createNativeTransport } from '../../../src/transport/native/index.ts'
import type { CallHandler } from '../../../src/transport/transport.ts'
import { CASES, SQL } from '../cases.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'
import { DO_GET, TICKETS } from './bytes.ts'

/** A class, since tsx adds to the cost of each function that is made with a name. */
class ByteCounter implements CallHandler {
  readonly total: Promise<number>
  #bytes = 0
  #resolve!: (bytes: number) => void
  #reject!: (error: Error) => void

  constructor() {
    this.total = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  onMessage(message: Uint8Array): void {
    this.#bytes += message.length
  }

  onEnd(error: Error | null): void {
    if (error === null) this.#resolve(this.#bytes)
    else this.#reject(error)
  }
}

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
      const counter = new ByteCounter()
      transport.start(DO_GET, TICKETS[sql]!, counter)
      expectCount('bytes', await counter.total, address.answerBytes[sql]!)
    }
    return { query, stream: () => query(SQL.stream), close: () => transport.close() }
  },
}
