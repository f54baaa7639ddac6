import { Client, type ClientOptions, credentials } from '@grpc/grpc-js'
import { CASES } from '../cases.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'
import { DO_GET, TICKETS } from './bytes.ts'

/** A server-streaming call on @grpc/grpc-js with messages left as bytes: no protobuf, no Arrow. */
function bareGrpcJs(name: string, options: ClientOptions): ClientUnderTest {
  return {
    name,
    decodes: 'nothing',
    cases: CASES,
    async open(address) {
      const client = new Client(`127.0.0.1:${address.port}`, credentials.createInsecure(), {
        'grpc.max_receive_message_length': -1,
        ...options,
      })
      const query = async (sql: string) => {
        const call = client.makeServerStreamRequest(
          DO_GET,
          (ticket: Buffer) => ticket,
          (message: Buffer) => message.length,
          TICKETS[sql]!,
        )
        let bytes = 0
        await new Promise<void>((resolve, reject) => {
          call.on('data', (length: number) => {
            bytes += length
          })
          call.on('end', resolve)
          call.on('error', reject)
        })
        expectCount('bytes', bytes, address.answerBytes[sql]!)
      }
      return { query, stream: query, close: () => client.close() }
    },
  }
}

export const grpcJsDefaults = bareGrpcJs('grpc-js, defaults', {})
export const grpcJsTuned = bareGrpcJs('grpc-js, 16 MiB window', {
  'grpc-node.flow_control_window': 16 << 20,
})
