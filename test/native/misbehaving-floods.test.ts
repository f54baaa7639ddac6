import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { LimitError, ProtocolError } from '../../src/errors.ts'
import { FrameType } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { text } from './collect.ts'
import { answerAll, expectError, Fault } from './fault.ts'
import {
  data,
  frame,
  headers,
  message,
  ping,
  RESPONSE,
  reset,
  responseHeaders,
  type ScriptedConnection,
  settings,
  trailers,
  uint32,
  windowUpdate,
} from './scripted-server.ts'

const repeated = (bytes: Buffer, times: number) => Buffer.concat(Array<Buffer>(times).fill(bytes))

describe('a flood ends the connection, and the next query opens another', () => {
  test.each<[string, Buffer]>([
    ['PING', ping()],
    ['SETTINGS', settings()],
    ['resets of a stream that has ended', reset(1, ErrorCode.CANCEL)],
    ['empty DATA', data(1, Buffer.alloc(0))],
    ['window updates', windowUpdate(1, 1)],
    ['frames of an unknown type', frame(0xfa, 0, 0)],
    ['PRIORITY', frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5))],
    ['trailers on a stream that has ended', trailers(1)],
  ])('of %s', async (name, bytes) => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      const second = await connection.request()
      connection.send(responseHeaders(1))
      if (name.endsWith('ended')) connection.send(trailers(1))
      else connection.send(responseHeaders(second))
      connection.send(repeated(bytes, 30_000))
    })
    await fault.transport.connect()
    const [, second] = await Promise.all([fault.ask(), fault.ask()])
    expectError(second, LimitError, /too many frames without use|more frames that need an answer/)
    // The word to the peer is lost when the rest of its flood is still unread as the socket closes.
    expect([ErrorCode.ENHANCE_YOUR_CALM, undefined]).toContain(await fault.goawayCode())
    await fault.expectNextWorks(2)
    await fault.end()
  })

  // What a peer leaves unread has to be kept, so it may not make the client answer without end.
  test.each<[string, Buffer]>([
    ['PING', ping()],
    ['SETTINGS', settings()],
  ])('of %s whose answers are never read', async (_, bytes) => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      connection.send(responseHeaders(1))
      connection.socket.pause()
      // A message a time makes each frame useful, so that only the unread answers can end it.
      for (let i = 0; i < 100_000 && !connection.socket.destroyed; i++) {
        if (connection.socket.write(Buffer.concat([repeated(bytes, 200), data(1, message('x'))]))) continue
        await new Promise((resolve) => {
          connection.socket.once('drain', resolve)
          connection.socket.once('close', resolve)
        })
      }
    })
    expectError(await fault.ask(), LimitError, /than it reads answers/)
    await fault.expectNextWorks(2)
    await fault.end()
  })
})

describe('a bomb ends its own call, and leaves the others of its connection working', () => {
  const bombs: Record<string, { sends: (connection: ScriptedConnection) => void; says: RegExp }> = {
    'a message that announces 4 GiB': {
      sends: (connection) =>
        connection.send(
          responseHeaders(1),
          data(1, Buffer.concat([Buffer.of(0), uint32(0xffff_ffff), Buffer.alloc(64)])),
        ),
      says: /4294967295 bytes is larger than maxMessageBytes/,
    },
    'a message that inflates a thousandfold': {
      sends: (connection) =>
        connection.send(
          headers(1, [...RESPONSE, ['grpc-encoding', 'gzip']]),
          data(1, message(gzipSync(Buffer.alloc(50_000_000)), true)),
        ),
      says: /maxMessageBytes/,
    },
    'a short block that names one field thousands of times': {
      // A 4 000 byte field in the dynamic table, then one byte for each repetition: 120 MB of fields.
      sends: (connection) => {
        const size = 4000
        const entry = Buffer.concat([
          Buffer.of(0x40, 1, 0x61, 0x7f, ((size - 127) & 0x7f) | 0x80, (size - 127) >> 7),
          Buffer.alloc(size, 0x62),
        ])
        const block = Buffer.concat([Buffer.of(0x88), entry, Buffer.alloc(30_000, 0x80 | 62)])
        connection.send(frame(FrameType.HEADERS, 0x4, 1, block))
      },
      says: /bytes of metadata/,
    },
  }

  test.each(Object.entries(bombs))('%s', async (_, { sends, says }) => {
    const fault = await Fault.play(
      async (connection) => {
        connection.greet()
        await connection.request()
        await connection.request()
        sends(connection)
        connection.send(responseHeaders(3), data(3, message('fine')), trailers(3))
        await answerAll(connection)
      },
      { maxMessageBytes: 1_000_000 },
    )
    await fault.transport.connect()
    const [bombed, other] = await Promise.all([fault.ask(), fault.ask()])
    expectError(bombed, LimitError, says)
    expect(other.error).toBeNull()
    expect(other.messages.map(text)).toEqual(['fine'])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test('a message that announces much and sends little costs little', async () => {
    const announced = 200 * 1024 * 1024
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      for (let stream = 1; stream <= 15; stream += 2) {
        await connection.request()
        connection.send(responseHeaders(stream))
        connection.send(data(stream, Buffer.concat([Buffer.of(0), uint32(announced), Buffer.alloc(1000)])))
      }
      connection.send(...[1, 3, 5, 7, 9, 11, 13, 15].map((stream) => trailers(stream)))
      await answerAll(connection)
    })
    await fault.transport.connect()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const outcome = await fault.ask()
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
        return outcome
      }),
    )
    for (const outcome of outcomes) expectError(outcome, ProtocolError, /1000 of 209715200 bytes/)
    expect(most).toBeLessThan(announced)
    await fault.expectNextWorks(1)
    await fault.end()
  })
})

test('DATA that keeps coming on a stream that has ended ends the connection', async () => {
  const fault = await Fault.play(
    async (connection) => {
      connection.greet()
      const streamId = await connection.request()
      await connection.request()
      connection.send(responseHeaders(3))
      connection.send(trailers(streamId, [...RESPONSE, ['grpc-status', '0']]))
      connection.send(repeated(data(streamId, Buffer.alloc(16_384)), 100))
    },
    { streamWindowBytes: 65_536 },
  )
  await fault.transport.connect()
  const [, other] = await Promise.all([fault.ask(), fault.ask()])
  expectError(other, ProtocolError, /streams that have ended/)
  expect([ErrorCode.STREAM_CLOSED, undefined]).toContain(await fault.goawayCode())
  await fault.expectNextWorks(2)
  await fault.end()
})
