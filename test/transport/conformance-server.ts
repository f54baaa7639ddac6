import * as grpc from '@grpc/grpc-js'

/** What the `Fail` methods end with. */
export const FAILURE = {
  code: grpc.status.FAILED_PRECONDITION,
  details: 'café: 100% of\nit is missing',
  statusDetails: Buffer.from([8, 9, 18, 2, 104, 105]),
}
/** The size of the messages of `Endless`. */
export const PIECE_BYTES = 64 * 1024

/** A server of the methods the conformance suite calls, in raw bytes under `/test.Test/`. */
export interface ConformanceServer {
  port: number
  seen: {
    /** The `grpc-timeout` of each call, or whatever stands for it. */
    timeouts: Array<string | undefined>
    /** Methods whose calls the client gave up. */
    cancelled: string[]
    /** Bytes `Endless` has written. */
    written: number
  }
  stop(): Promise<void>
}

/** The same methods on a grpc-js server. */
export async function startGrpcJsServer(): Promise<ConformanceServer> {
  const seen: ConformanceServer['seen'] = { timeouts: [], cancelled: [], written: 0 }
  const begin = (name: string, call: grpc.ServerDuplexStream<Buffer, Buffer>): grpc.Metadata => {
    const left = call.getDeadline()
    seen.timeouts.push(left === Number.POSITIVE_INFINITY ? undefined : String(left))
    call.on('cancelled', () => seen.cancelled.push(name))
    call.on('error', () => {})
    const initial = new grpc.Metadata()
    for (const value of call.metadata.get('greeting')) initial.add('echo', value)
    for (const value of call.metadata.get('blob-bin')) initial.add('echo-bin', value)
    call.sendMetadata(initial)
    const trailing = new grpc.Metadata()
    trailing.set('done', 'yes')
    trailing.set('trace-bin', Buffer.of(1, 2, 255))
    return trailing
  }
  const fail = (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
    const metadata = new grpc.Metadata()
    metadata.set('grpc-status-details-bin', FAILURE.statusDetails)
    call.emit('error', { code: FAILURE.code, details: FAILURE.details, metadata })
  }
  type Method = (call: grpc.ServerDuplexStream<Buffer, Buffer>) => void | Promise<void>
  const methods: Record<string, Method> = {
    Unary: async (call) => {
      const trailing = begin('Unary', call)
      for await (const message of call.iterator({ destroyOnReturn: false })) call.write(message)
      call.end(trailing)
    },
    ServerStream: async (call) => {
      const trailing = begin('ServerStream', call)
      for await (const message of call.iterator({ destroyOnReturn: false })) {
        for (const size of JSON.parse(String(message)) as number[]) call.write(Buffer.alloc(size, size % 251))
      }
      call.end(trailing)
    },
    ClientStream: async (call) => {
      const trailing = begin('ClientStream', call)
      let count = 0
      let bytes = 0
      for await (const message of call.iterator({ destroyOnReturn: false })) {
        count++
        bytes += message.length
      }
      call.write(Buffer.from(`${count} messages, ${bytes} bytes`))
      call.end(trailing)
    },
    Bidi: async (call) => {
      const trailing = begin('Bidi', call)
      for await (const message of call.iterator({ destroyOnReturn: false })) call.write(message)
      call.end(trailing)
    },
    Fail: (call) => fail(call),
    FailLate: (call) => {
      begin('FailLate', call)
      call.write(Buffer.from('before'))
      fail(call)
    },
    Silent: (call) => {
      begin('Silent', call)
    },
    Endless: (call) => {
      begin('Endless', call)
      const fill = () => {
        while (!call.cancelled) {
          seen.written += PIECE_BYTES
          if (!call.write(Buffer.alloc(PIECE_BYTES))) return
        }
      }
      call.on('drain', fill)
      fill()
    },
  }
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
  const same = (value: Buffer) => value
  const service: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {}
  for (const name of Object.keys(methods)) {
    service[name] = {
      path: `/test.Test/${name}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    }
  }
  server.addService(service, methods)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, seen, stop: async () => server.forceShutdown() }
}
