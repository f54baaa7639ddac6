import * as grpc from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import { type GrpcServer, startGrpcServer } from './grpc-server.ts'

let server: GrpcServer
let transport: Transport

const connectTo = (port: number, options: Partial<TransportOptions> = {}) => {
  transport = createNativeTransport({ address: { secure: false, host: '127.0.0.1', port }, ...options })
  return transport
}

afterEach(async () => {
  await transport?.close()
  server?.stop()
})

describe('a unary call', () => {
  test('brings the message, the status and metadata of both kinds', async () => {
    server = await startGrpcServer({
      Unary: (call, done) => {
        const initial = new grpc.Metadata()
        initial.set('echo', String(call.metadata.get('greeting')[0]))
        initial.set('echo-bin', call.metadata.get('blob-bin')[0] as Buffer)
        call.sendMetadata(initial)
        const trailing = new grpc.Metadata()
        trailing.set('done', 'yes')
        done(null, Buffer.from(`<${call.request}>`), trailing)
      },
    })
    connectTo(server.port, { userAgent: 'tester/1' })
    const { error, messages, headers, trailers } = await collect(transport, 'Unary', Buffer.from('hello'), {
      metadata: [
        ['greeting', 'good day'],
        ['blob-bin', new Uint8Array([0, 255, 7])],
      ],
    })
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['<hello>'])
    expect(headers?.get('echo')).toBe('good day')
    expect([...headers!.getBinary('echo-bin')!]).toEqual([0, 255, 7])
    expect(trailers.get('done')).toBe('yes')
    expect(transport.stats).toMatchObject({ calls: 1, connections: 1 })
    expect(transport.stats.bytesSent).toBeGreaterThan(100)
    expect(transport.stats.bytesReceived).toBeGreaterThan(20)
  })
})

test('a server stream brings its messages in order, whatever their size', async () => {
  const sizes = [0, 1, 10, 5_000, 70_000, 3_000_000, 2]
  server = await startGrpcServer({
    ServerStream: (call) => {
      for (const size of sizes) call.write(Buffer.alloc(size, size % 251))
      call.end()
    },
  })
  const { error, messages } = await collect(connectTo(server.port), 'ServerStream', new Uint8Array())
  expect(error).toBeNull()
  expect(messages.map((message) => message.length)).toEqual(sizes)
  for (const message of messages) expect(message.every((byte) => byte === message.length % 251)).toBe(true)
})
