import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ConnectionError } from '../../src/errors.ts'
import { Flag, FrameType, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { collect, text } from './collect.ts'
import { answerAll, expectError, Fault } from './fault.ts'
import {
  data,
  frame,
  goaway,
  message,
  ping,
  response,
  responseHeaders,
  settings,
  trailers,
  windowUpdate,
} from './scripted-server.ts'

const MAX = 2 ** 31 - 1

describe('odd but allowed is understood:', () => {
  test('every byte in a segment of its own, with frames of unknown types between', async () => {
    const fault = await Fault.play(async (connection) => {
      const unknown = frame(0xee, 0xff, 0, Buffer.from('what is this?'))
      await connection.sendBytewise(
        Buffer.concat([settings([[0x7777, 5]]), frame(FrameType.SETTINGS, Flag.ACK, 0), unknown]),
      )
      await connection.request()
      await connection.request()
      const padded = Buffer.concat([Buffer.of(3), message('three').subarray(6), Buffer.alloc(3)])
      await connection.sendBytewise(
        Buffer.concat([
          responseHeaders(3),
          unknown,
          responseHeaders(1),
          data(1, message('one').subarray(0, 2)),
          data(3, message('three').subarray(0, 6)),
          frame(FrameType.PRIORITY, 0, 1, Buffer.alloc(5)),
          ping(),
          data(1, message('one').subarray(2)),
          frame(FrameType.DATA, Flag.PADDED, 3, padded),
          trailers(3),
          unknown,
          trailers(1),
        ]),
      )
      await answerAll(connection)
    })
    await fault.transport.connect()
    const outcomes = await Promise.all([fault.ask(), fault.ask()])
    expect(outcomes.map(({ error }) => error)).toEqual([null, null])
    expect(outcomes.map(({ messages }) => messages.map(text))).toEqual([['one'], ['three']])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test('64 streams whose messages come interleaved, three bytes at a time', async () => {
    const count = 64
    const words = (streamId: number) => `answer to stream ${streamId}`.repeat(3)
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      const streams: number[] = []
      while (streams.length < count) streams.push(await connection.request())
      connection.send(...streams.map(responseHeaders))
      const left = new Map(streams.map((streamId) => [streamId, message(words(streamId))]))
      while (left.size > 0) {
        for (const [streamId, bytes] of left) {
          connection.send(data(streamId, bytes.subarray(0, 3)))
          if (bytes.length > 3) left.set(streamId, bytes.subarray(3))
          else {
            connection.send(trailers(streamId))
            left.delete(streamId)
          }
        }
      }
    })
    await fault.transport.connect()
    const outcomes = await Promise.all(Array.from({ length: count }, () => fault.ask()))
    expect(outcomes.map(({ messages }) => messages.map(text))).toEqual(
      outcomes.map((_, i) => [words(2 * i + 1)]),
    )
    await fault.end()
  })

  test('a table of no bytes for our header compression', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet([[Setting.HEADER_TABLE_SIZE, 0]])
      for (const streamId of [1, 3]) {
        const request = await connection.nextOf(FrameType.HEADERS)
        expect(connection.fields(request!).get(':path')).toBe('/test.Test/Ask')
        connection.send(response(streamId, 'understood'))
      }
    })
    await fault.transport.connect()
    for (let i = 0; i < 2; i++) expect((await fault.ask()).messages.map(text)).toEqual(['understood'])
    await fault.end()
  })
})

describe('windows and stream limits that change under way', () => {
  test('a window that turns negative holds the request back until it is positive again', async () => {
    const request = Buffer.alloc(100_000, 7)
    const dataBytes = (frames: readonly { type: number; payload: Buffer }[]) =>
      frames.reduce((sum, { type, payload }) => sum + (type === FrameType.DATA ? payload.length : 0), 0)
    const fault = await Fault.play(async (connection) => {
      connection.greet([[Setting.INITIAL_WINDOW_SIZE, 40_000]])
      await connection.next(() => dataBytes(connection.frames) === 40_000)
      // 0 left of 40 000; with 10 000 at first it would be -30 000.
      connection.send(settings([[Setting.INITIAL_WINDOW_SIZE, 10_000]]), windowUpdate(1, 30_000), ping())
      await connection.nextOf(FrameType.PING, Flag.ACK)
      expect(dataBytes(connection.frames)).toBe(40_000)
      connection.send(windowUpdate(1, 1), ping())
      await connection.nextOf(FrameType.PING, Flag.ACK)
      expect(dataBytes(connection.frames)).toBe(40_001)
      connection.send(windowUpdate(0, 1_000_000), settings([[Setting.INITIAL_WINDOW_SIZE, 500_000]]))
      connection.send(response(await connection.request(), `${dataBytes(connection.frames)} bytes`))
      await answerAll(connection)
    })
    await fault.transport.connect()
    const deadline = performance.now() + 15_000
    const { error, messages } = await collect(fault.transport, 'Ask', request, { deadline })
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual([`${5 + request.length} bytes`])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test('no streams at all for a while, then one at a time', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet([[Setting.MAX_CONCURRENT_STREAMS, 0]])
      connection.send(ping())
      await connection.nextOf(FrameType.PING, Flag.ACK)
      connection.send(ping())
      await connection.nextOf(FrameType.PING, Flag.ACK)
      expect(connection.frames.filter(({ type }) => type === FrameType.HEADERS)).toEqual([])
      connection.send(settings([[Setting.MAX_CONCURRENT_STREAMS, 1]]))
      for (let streamId = 1; streamId <= 7; streamId += 2) {
        expect(await connection.request()).toBe(streamId)
        connection.send(ping())
        await connection.nextOf(FrameType.PING, Flag.ACK)
        const opened = connection.frames.filter(({ type }) => type === FrameType.HEADERS)
        expect(opened).toHaveLength((streamId + 1) / 2)
        connection.send(response(streamId, `stream ${streamId}`))
      }
    })
    await fault.transport.connect()
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => fault.ask()))
    expect(outcomes.map(({ messages }) => text(messages[0]))).toEqual(
      [1, 3, 5, 7].map((id) => `stream ${id}`),
    )
    expect(fault.transport.stats.connections).toBe(1)
    await fault.end()
  })
})

describe('GOAWAY', () => {
  test('with an error ends what it names as unprocessed; the rest ends with the connection', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(goaway(1, ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings'))
      connection.socket.end()
    })
    await fault.transport.connect()
    const [low, high] = await Promise.all([fault.ask(), fault.ask()])
    expectError(low, ConnectionError, /ENHANCE_YOUR_CALM \("too_many_pings"\)/)
    expectError(high, ConnectionError, /ENHANCE_YOUR_CALM \("too_many_pings"\)/)
    expect([low.error?.unprocessed, high.error?.unprocessed]).toEqual([false, true])
    await fault.expectNextWorks(2)
    await fault.end()
  })

  test('twice, the second time with a higher stream, brings no call back that went elsewhere', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(goaway(1, ErrorCode.NO_ERROR), goaway(MAX, ErrorCode.NO_ERROR))
      connection.send(response(3, 'too late'), response(1, 'finished'))
      await once(connection.socket, 'close')
    })
    await fault.transport.connect()
    const [low, high] = await Promise.all([fault.ask(), fault.ask()])
    expect(low.messages.map(text)).toEqual(['finished'])
    expect(high.error).toBeNull()
    expect(high.messages.map(text)).not.toContain('too late')
    await fault.expectNextWorks(2)
    await fault.end()
  })

  test('announced for later (2^31-1), then for real, loses no call', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      connection.send(goaway(MAX, ErrorCode.NO_ERROR, 'soon'), ping())
      await connection.nextOf(FrameType.PING, Flag.ACK)
      connection.send(goaway(1, ErrorCode.NO_ERROR), response(1, 'finished'))
    })
    await fault.transport.connect()
    const { error, messages } = await fault.ask()
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['finished'])
    await fault.expectNextWorks(2)
    await fault.end()
  })
})
