import { afterEach, describe, expect, test } from 'vitest'
import { AbortError } from '../../src/errors.ts'
import { Flag, FrameType, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Call, Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import { startGrpcServer } from './grpc-server.ts'
import {
  data,
  message,
  response,
  responseHeaders,
  type Script,
  type ScriptedConnection,
  ScriptedServer,
  settings,
  trailers,
  windowUpdate,
} from './scripted-server.ts'

let server: ScriptedServer | undefined
let transport: Transport

async function serve(script: Script, options: Partial<TransportOptions> = {}) {
  server = await ScriptedServer.start(script)
  transport = createNativeTransport({
    address: { secure: false, host: '127.0.0.1', port: server.port },
    ...options,
  })
  return server
}

afterEach(async () => {
  await transport?.close()
  expect(server?.failures ?? []).toEqual([])
  server?.stop()
  server = undefined
})

const isData = ({ type }: { type: number }) => type === FrameType.DATA

/** Lengths of the DATA frames until one ends its stream. */
async function dataLengths(connection: ScriptedConnection): Promise<number[]> {
  const lengths: number[] = []
  for (;;) {
    const frame = await connection.next(isData)
    lengths.push(frame!.payload.length)
    if (frame!.flags & Flag.END_STREAM) return lengths
  }
}

describe('sending', () => {
  test('stays within the window the peer set, which may turn negative, and goes on as it grows', async () => {
    await serve(async (connection) => {
      connection.greet()
      // 30 000 bytes and a prefix: the first frames use the initial window of 65 535.
      connection.send(settings([[Setting.INITIAL_WINDOW_SIZE, 10_000]]))
      const first = await connection.next(isData)
      expect(first!.payload.length).toBe(10_000)
      // 10 000 of 4 000 used: the window is at -6 000.
      connection.send(settings([[Setting.INITIAL_WINDOW_SIZE, 4_000]]))
      connection.send(windowUpdate(1, 6_000))
      connection.send(windowUpdate(1, 1))
      expect((await connection.next(isData))!.payload.length).toBe(1)
      connection.send(settings([[Setting.INITIAL_WINDOW_SIZE, 1 << 20]]))
      const rest = await dataLengths(connection)
      expect(rest.reduce((sum, length) => sum + length, 10_001)).toBe(30_005)
      connection.send(response(1, 'received'))
    })
    await transport.connect()
    // The settings that narrow the window have to be in force before the call.
    while (transport.stats.bytesReceived < 9 + 9 + 15) await new Promise((resolve) => setImmediate(resolve))
    const { error, messages } = await collect(transport, 'Put', new Uint8Array(30_000))
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['received'])
  })

  test('shares the window of the connection among streams, frame by frame', async () => {
    await serve(async (connection) => {
      connection.greet([[Setting.INITIAL_WINDOW_SIZE, 1 << 20]])
      let received = 0
      while (received < 65_535) received += (await connection.next(isData))!.payload.length
      expect(received).toBe(65_535)
      const order: number[] = []
      connection.send(windowUpdate(0, 1 << 20))
      while (received < 2 * 100_005) {
        const frame = await connection.next(isData)
        received += frame!.payload.length
        order.push(frame!.streamId)
        expect(frame!.payload.length).toBeLessThanOrEqual(16_384)
      }
      // Both take turns as long as both have something left.
      expect(order.slice(0, 4).sort()).toEqual([1, 1, 3, 3])
      connection.send(response(1, 'one'), response(3, 'two'))
    })
    await transport.connect()
    const outcomes = await Promise.all([1, 2].map(() => collect(transport, 'Put', new Uint8Array(100_000))))
    expect(outcomes.map(({ messages }) => text(messages[0]))).toEqual(['one', 'two'])
  })

  test('a request with more metadata than a frame holds continues in the next', async () => {
    const value = 'x'.repeat(40_000)
    await serve(async (connection) => {
      connection.greet()
      const streamId = await connection.request()
      const blocks = connection.frames.filter(
        ({ type }) => type === FrameType.HEADERS || type === FrameType.CONTINUATION,
      )
      expect(blocks.map(({ flags }) => flags)).toEqual([0, 0, Flag.END_HEADERS])
      const payload = Buffer.concat(blocks.map((block) => block.payload))
      const fields = connection.fields({ type: FrameType.HEADERS, flags: 0, streamId, payload })
      connection.send(response(streamId, fields.get('long') === value ? 'same' : 'different'))
    })
    const { messages } = await collect(transport, 'Ask', new Uint8Array(), { metadata: [['long', value]] })
    expect(messages.map(text)).toEqual(['same'])
  })

  test('metadata the peer will not take is refused before it is sent', async () => {
    await serve((connection) => connection.greet([[Setting.MAX_HEADER_LIST_SIZE, 1000]]))
    await transport.connect()
    const { error } = await collect(transport, 'Ask', new Uint8Array(), {
      metadata: [['long', 'x'.repeat(1000)]],
    })
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', unprocessed: true })
  })
})

describe('receiving', () => {
  test('a paused call stops its peer at the window and others go on', async () => {
    const chunk = Buffer.alloc(60_000, 1)
    let written = 0
    const grpcServer = await startGrpcServer({
      ServerStream: (call) => {
        const send = () => {
          while (written < 500) {
            written++
            if (!call.write(chunk)) return call.once('drain', send)
          }
          call.end()
          return call
        }
        send()
      },
      Unary: (call, done) => done(null, call.request),
    })
    transport = createNativeTransport({
      address: { secure: false, host: '127.0.0.1', port: grpcServer.port },
      streamWindowBytes: 256 * 1024,
      connections: 1,
    })
    let seen = 0
    let bytes = 0
    const ended = new Promise((resolve) => {
      const call = transport.start('/test.Test/ServerStream', new Uint8Array(), {
        onMessage: (received) => {
          bytes += received.length
          if (++seen === 1) {
            call.pause()
            paused(call)
          }
        },
        onEnd: resolve,
      })
    })
    let paused: (call: Call) => void = () => {}
    const call = await new Promise<Call>((resolve) => {
      paused = resolve
    })
    // Other calls are served meanwhile; when they have been, the paused stream has filled its window.
    for (let i = 0; i < 50; i++) {
      expect((await collect(transport, 'Unary', Buffer.from(`${i}`))).messages.map(text)).toEqual([`${i}`])
    }
    expect(seen).toBe(1)
    expect(transport.stats.bytesReceived).toBeLessThan(300 * 1024)
    call.resume()
    expect(await ended).toBeNull()
    expect(seen).toBe(500)
    expect(bytes).toBe(500 * chunk.length)
    await transport.close()
    grpcServer.stop()
  })

  test('resume() delivers later, never within itself, and the end comes after what was held', async () => {
    await serve(async (connection) => {
      connection.greet()
      const id = await connection.request()
      connection.send(responseHeaders(id), data(id, message('a')), data(id, message('b')), trailers(id))
    })
    const events: string[] = []
    await new Promise<void>((resolve) => {
      const call = transport.start('/test.Test/Ask', new Uint8Array(), {
        onMessage: (bytes) => {
          events.push(text(bytes)!)
          call.pause()
          setTimeout(() => {
            events.push('resume')
            call.resume()
            events.push('resumed')
          }, 5)
        },
        onEnd: () => {
          events.push('end')
          resolve()
        },
      })
    })
    expect(events.slice(0, 4)).toEqual(['a', 'resume', 'resumed', 'b'])
    expect(events.at(-1)).toBe('end')
  })

  test('a cancelled call resets its stream, and what still comes on it is dropped', async () => {
    await serve(async (connection) => {
      connection.greet()
      const id = await connection.request()
      connection.send(responseHeaders(id), data(id, message('first')))
      const resetFrame = await connection.nextOf(FrameType.RST_STREAM)
      expect(resetFrame?.streamId).toBe(id)
      expect(resetFrame?.payload.readUInt32BE()).toBe(ErrorCode.CANCEL)
      connection.send(data(id, message(Buffer.alloc(1_000_000))), trailers(id))
      connection.send(response(await connection.request(), 'next'))
    })
    const reason = new AbortError('no more')
    const error = await new Promise((resolve) => {
      const call = transport.start('/test.Test/Ask', new Uint8Array(), {
        onMessage: () => call.cancel(reason),
        onEnd: resolve,
      })
    })
    expect(error).toBe(reason)
    expect((await collect(transport, 'Ask', new Uint8Array())).messages.map(text)).toEqual(['next'])
    expect(transport.stats.connections).toBe(1)
  })
})
