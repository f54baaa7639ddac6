import { deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { LimitError, ProtocolError, UnsupportedError } from '../../src/errors.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import { RpcError } from '../../src/transport/rpc-error.ts'
import type { Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import {
  data,
  frame,
  headers,
  message,
  RESPONSE,
  reset,
  response,
  responseHeaders,
  type ScriptedConnection,
  ScriptedServer,
  trailers,
} from './scripted-server.ts'

let server: ScriptedServer
let transport: Transport

/** A server that greets and answers each request with what `answer` returns. */
async function serve(
  answer: (streamId: number, connection: ScriptedConnection) => Buffer | Promise<void> | undefined,
  options: Partial<TransportOptions> = {},
) {
  server = await ScriptedServer.start(async (connection) => {
    connection.greet()
    while (!connection.closed) {
      const bytes = await answer(await connection.request(), connection)
      if (bytes) connection.send(bytes)
    }
  })
  transport = createNativeTransport({
    address: { secure: false, host: '127.0.0.1', port: server.port },
    ...options,
  })
}

const ask = (options?: Parameters<typeof collect>[3]) => collect(transport, 'Ask', Buffer.from('?'), options)

afterEach(async () => {
  await transport?.close()
  server?.stop()
})

test('a response is the same whether it comes at once or byte by byte', async () => {
  await serve(async (streamId, connection) => {
    await connection.sendBytewise(response(streamId, 'slowly'))
  })
  const { error, messages } = await ask()
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['slowly'])
})

test('padding, priority fields, CONTINUATION and frames of unknown types are taken in stride', async () => {
  await serve((streamId) => {
    const plain = headers(streamId, RESPONSE).subarray(9)
    const padded = Buffer.concat([Buffer.of(3), Buffer.alloc(5), plain.subarray(0, 4), Buffer.alloc(3)])
    const body = message('padded')
    return Buffer.concat([
      frame(0x77, 0xff, streamId, Buffer.alloc(100)),
      frame(FrameType.HEADERS, Flag.PADDED | Flag.PRIORITY, streamId, padded),
      frame(FrameType.CONTINUATION, 0, streamId),
      frame(FrameType.CONTINUATION, Flag.END_HEADERS, streamId, plain.subarray(4)),
      frame(FrameType.PRIORITY, 0, streamId, Buffer.alloc(5)),
      data(streamId, Buffer.concat([Buffer.of(200), body.subarray(0, 7), Buffer.alloc(200)]), Flag.PADDED),
      data(streamId, Buffer.concat([Buffer.of(0), body.subarray(7)]), Flag.PADDED),
      data(streamId, Buffer.of(0), Flag.PADDED),
      data(streamId, Buffer.alloc(0)),
      trailers(streamId),
    ])
  })
  const { error, messages } = await ask()
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['padded'])
})

test('informational responses come before the real one', async () => {
  await serve((streamId) =>
    Buffer.concat([headers(streamId, [[':status', '103']]), response(streamId, 'after')]),
  )
  const outcome = await ask()
  expect(outcome.error).toBeNull()
  expect(outcome.messages.map(text)).toEqual(['after'])
})

test('a trailers-only response is its status, with its details', async () => {
  const details = Buffer.from('reason').toString('base64')
  await serve((streamId) =>
    trailers(streamId, [
      ...RESPONSE,
      ['grpc-status', '3'],
      ['grpc-message', 'caf%C3%A9 at 100%'],
      ['grpc-status-details-bin', details.replace(/=+$/, '')],
      ['many-bin', 'AQ,Ag=='],
    ]),
  )
  const { error, headers: initial, trailers: trailing } = await ask()
  expect(error).toBeInstanceOf(RpcError)
  expect(error).toMatchObject({ code: 'RPC_FAILED', status: 'INVALID_ARGUMENT', details: 'café at 100%' })
  expect(initial).toBeUndefined()
  expect(text(trailing.getBinary('grpc-status-details-bin'))).toBe('reason')
  expect(trailing.entries().filter(([name]) => name === 'many-bin')).toEqual([
    ['many-bin', Buffer.of(1)],
    ['many-bin', Buffer.of(2)],
  ])
})

test('messages that came before an error status are delivered', async () => {
  await serve((streamId) =>
    Buffer.concat([
      responseHeaders(streamId),
      data(streamId, message('first')),
      trailers(streamId, [['grpc-status', '99']]),
    ]),
  )
  const { error, messages } = await ask()
  expect(messages.map(text)).toEqual(['first'])
  expect(error).toMatchObject({ code: 'RPC_FAILED', status: 'UNKNOWN' })
})

describe('without a gRPC status the HTTP status decides', () => {
  test.each([
    ['401', 'UNAUTHENTICATED'],
    ['404', 'UNIMPLEMENTED'],
    ['503', 'UNAVAILABLE'],
    ['418', 'UNKNOWN'],
  ])('%s is %s', async (httpStatus, status) => {
    await serve((streamId) => headers(streamId, [[':status', httpStatus]]))
    const { error } = await ask()
    expect(error).toMatchObject({ code: 'RPC_FAILED', status })
    expect((await server.connections[0].seen(FrameType.RST_STREAM))?.payload.readUInt32BE()).toBeGreaterThan(
      0,
    )
  })
})

describe('a response is refused, never cut short, when', () => {
  const ok = (streamId: number) => responseHeaders(streamId)
  test.each<[string, (streamId: number) => Buffer]>([
    ['it ends without trailers', (id) => Buffer.concat([ok(id), data(id, message('x'), Flag.END_STREAM)])],
    [
      'it ends in the middle of a message',
      (id) => Buffer.concat([ok(id), data(id, message('xyz').subarray(0, 6)), trailers(id)]),
    ],
    [
      'it ends in the middle of a prefix',
      (id) => Buffer.concat([ok(id), data(id, Buffer.alloc(3)), trailers(id)]),
    ],
    ['its trailers have no status', (id) => Buffer.concat([ok(id), trailers(id, [['a', 'b']])])],
    ['its trailers do not end it', (id) => Buffer.concat([ok(id), headers(id, [['grpc-status', '0']])])],
    [
      'its content type is another',
      (id) =>
        headers(id, [
          [':status', '200'],
          ['content-type', 'text/html'],
        ]),
    ],
    ['it has no :status', (id) => headers(id, [['content-type', 'application/grpc']])],
    ['it begins with DATA', (id) => data(id, message('x'))],
    ['a field name is in upper case', (id) => headers(id, [...RESPONSE, ['Bad', 'x']])],
    [
      'a message is compressed without an encoding',
      (id) => Buffer.concat([ok(id), data(id, message('x', true))]),
    ],
  ])('%s', async (_, answer) => {
    let requests = 0
    await serve((streamId) => (requests++ === 0 ? answer(streamId) : response(streamId, 'next')))
    const { error } = await ask()
    expect(error).toBeInstanceOf(ProtocolError)
    // The connection and the next query are none the worse for it.
    const next = await ask()
    expect(next.messages.map(text)).toEqual(['next'])
    expect(transport.stats.connections).toBe(1)
  })
})

describe('compressed messages', () => {
  const compressed = (streamId: number, encoding: string, body: Buffer) =>
    Buffer.concat([
      headers(streamId, [...RESPONSE, ['grpc-encoding', encoding]]),
      data(streamId, message(body, true)),
      trailers(streamId),
    ])

  test.each([
    ['gzip', gzipSync('inflated')],
    ['deflate', deflateSync('inflated')],
  ])('are inflated from %s and aligned', async (encoding, body) => {
    await serve((streamId) => compressed(streamId, encoding, body))
    const { error, messages } = await ask({ alignAt: (_bytes, _start, _end, length) => length - 3 })
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['inflated'])
    expect((messages[0].byteOffset + 5) % 64).toBe(0)
  })

  test('that are too large when inflated are refused', async () => {
    await serve((streamId) => compressed(streamId, 'gzip', gzipSync(Buffer.alloc(100_000))))
    expect((await ask({ maxMessageBytes: 50_000 })).error).toBeInstanceOf(LimitError)
  })

  test('that wait for a paused call stay compressed until they are delivered', async () => {
    const bodies = [...new Array<number>(20).fill(10_000_000), 30_000_000].map((length) =>
      message(gzipSync(Buffer.alloc(length)), true),
    )
    const whole = Buffer.concat([
      headers(1, [...RESPONSE, ['grpc-encoding', 'gzip']]),
      data(1, Buffer.concat(bodies)),
      trailers(1),
    ])
    await serve(() => whole)
    const before = process.memoryUsage().arrayBuffers
    const lengths: number[] = []
    let held = Number.POSITIVE_INFINITY
    const error = await new Promise((resolve) => {
      const options = { maxMessageBytes: 20_000_000 }
      const handler = {
        onMessage: ({ length }: Uint8Array) => {
          lengths.push(length)
          call.pause()
          const resumeOnceAllCame = () => {
            if (transport.stats.bytesReceived < whole.length) {
              setImmediate(resumeOnceAllCame)
              return
            }
            if (lengths.length === 1) held = process.memoryUsage().arrayBuffers - before
            call.resume()
          }
          resumeOnceAllCame()
        },
        onEnd: resolve,
      }
      const call = transport.start('/test.Test/Ask', Buffer.from('?'), handler, options)
    })
    expect(held).toBeLessThan(60_000_000)
    expect(lengths).toEqual(new Array(20).fill(10_000_000))
    expect(error).toBeInstanceOf(LimitError)
  })

  test('that are damaged are refused', async () => {
    await serve((streamId) => compressed(streamId, 'gzip', Buffer.from('no gzip at all')))
    expect((await ask()).error).toBeInstanceOf(ProtocolError)
  })

  test('in an encoding nobody offered are refused by name', async () => {
    await serve((streamId) => compressed(streamId, 'snappy', Buffer.from('x')))
    const { error } = await ask()
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error?.message).toContain('snappy')
  })
})

test('a message above maxMessageBytes ends its call before its bytes come', async () => {
  await serve((streamId) =>
    Buffer.concat([responseHeaders(streamId), data(streamId, Buffer.from([0, 0x0f, 0xff, 0xff, 0xff]))]),
  )
  const { error } = await ask({ maxMessageBytes: 1000 })
  expect(error).toBeInstanceOf(LimitError)
  expect(error?.message).toContain('maxMessageBytes (1000)')
})

test('metadata above the limit ends its call only', async () => {
  const many = Array.from({ length: 2500 }, (_, i) => [`name-${i}`, 'x'.repeat(80)] as const)
  await serve((streamId) =>
    streamId === 1
      ? Buffer.concat([
          frame(FrameType.HEADERS, 0, streamId, headers(streamId, RESPONSE).subarray(9)),
          frame(FrameType.CONTINUATION, Flag.END_HEADERS, streamId, headers(streamId, many).subarray(9)),
        ])
      : response(streamId, 'fine'),
  )
  expect((await ask()).error).toBeInstanceOf(LimitError)
  expect((await ask()).messages.map(text)).toEqual(['fine'])
  expect(transport.stats.connections).toBe(1)
})

describe('a reset stream ends its call with', () => {
  test.each([
    [ErrorCode.REFUSED_STREAM, 'UNAVAILABLE', true],
    [ErrorCode.CANCEL, 'CANCELLED', false],
    [ErrorCode.ENHANCE_YOUR_CALM, 'RESOURCE_EXHAUSTED', false],
    [ErrorCode.INTERNAL_ERROR, 'INTERNAL', false],
    [0xabcd, 'UNKNOWN', false],
  ])('code %i: %s, unprocessed %s', async (code, status, unprocessed) => {
    await serve((streamId) => reset(streamId, code))
    const { error } = await ask()
    expect(error).toMatchObject({ code: 'RPC_FAILED', status, unprocessed })
  })
})

test('a handler that throws ends its own call only', async () => {
  await serve((streamId) => response(streamId, `call ${streamId}`))
  const thrown = new Error('a mistake')
  const error = await new Promise((resolve) => {
    transport.start('/test.Test/Ask', Buffer.from('?'), {
      onMessage: () => {
        throw thrown
      },
      onEnd: resolve,
    })
  })
  expect(error).toMatchObject({ code: 'ABORTED', cause: thrown })
  expect((await ask()).messages.map(text)).toEqual(['call 3'])
  expect(transport.stats.connections).toBe(1)
})
