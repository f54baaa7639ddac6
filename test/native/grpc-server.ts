import * as grpc from '@grpc/grpc-js'

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value }
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Test/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
})

const SERVICE = {
  Unary: method('Unary', false, false),
  ServerStream: method('ServerStream', false, true),
  ClientStream: method('ClientStream', true, false),
  Bidi: method('Bidi', true, true),
}

export interface GrpcServer {
  port: number
  server: grpc.Server
  stop(): void
}

/** A grpc-js server of raw bytes; what is not given answers UNIMPLEMENTED. */
export async function startGrpcServer(
  implementation: Partial<{
    Unary: grpc.handleUnaryCall<Buffer, Buffer>
    ServerStream: grpc.handleServerStreamingCall<Buffer, Buffer>
    ClientStream: grpc.handleClientStreamingCall<Buffer, Buffer>
    Bidi: grpc.handleBidiStreamingCall<Buffer, Buffer>
  }>,
  credentials: grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
  address = '127.0.0.1:0',
): Promise<GrpcServer> {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
  server.addService(SERVICE, implementation)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)))
  })
  return { port, server, stop: () => server.forceShutdown() }
}
