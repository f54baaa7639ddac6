import { once } from 'node:events'
import { connect } from 'node:http2'
import { CASES } from '../cases.ts'
import { GRPC_PREFIX_BYTES, grpcMessage, MAX_FRAME_SIZE } from '../http2-wire.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'
import { DO_GET, TICKETS } from './bytes.ts'

const WINDOW_BYTES = 64 << 20

/** node:http2 with large windows; bodies are counted, not even cut into messages. */
export const nodeHttp2: ClientUnderTest = {
  name: 'node:http2, large windows',
  decodes: 'nothing',
  cases: CASES,
  async open(address) {
    const session = connect(`http://127.0.0.1:${address.port}`, {
      settings: { initialWindowSize: WINDOW_BYTES, maxFrameSize: MAX_FRAME_SIZE, enablePush: false },
    })
    await once(session, 'connect')
    session.setLocalWindowSize(WINDOW_BYTES)
    const requests = Object.fromEntries(
      Object.entries(TICKETS).map(([sql, ticket]) => [sql, grpcMessage(ticket)]),
    )
    const query = async (sql: string) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': DO_GET,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      let bytes = 0
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      stream.end(requests[sql])
      await once(stream, 'end')
      expectCount(
        'bytes',
        bytes,
        address.answerBytes[sql]! + GRPC_PREFIX_BYTES * address.answerMessages[sql]!,
      )
    }
    return { query, stream: query, close: () => session.close() }
  },
}
