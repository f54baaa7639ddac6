import { describe, expect, test } from 'vitest'
import { AbortError, TimeoutError } from '../../src/errors.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { text } from './collect.ts'
import { answerAll, Fault } from './fault.ts'
import {
  data,
  frame,
  message,
  response,
  responseHeaders,
  type ScriptedConnection,
  settings,
} from './scripted-server.ts'

const SHORT_MS = 150

describe('a peer that falls silent costs a call its deadline and no more', () => {
  const silences: Record<string, (connection: ScriptedConnection) => void> = {
    'with SETTINGS and no response': () => {},
    'after the response headers': (connection) => connection.send(responseHeaders(1)),
    'in the middle of a frame header': (connection) => connection.send(responseHeaders(1).subarray(0, 4)),
    'in the middle of a header block': (connection) =>
      connection.send(frame(FrameType.HEADERS, 0, 1, Buffer.of(0x88))),
    'in the middle of a message prefix': (connection) =>
      connection.send(responseHeaders(1), data(1, Buffer.alloc(3))),
    'in the middle of a message': (connection) =>
      connection.send(responseHeaders(1), data(1, message('half of it').subarray(0, 9))),
    'in the middle of DATA': (connection) =>
      connection.send(responseHeaders(1), data(1, message('half of it')).subarray(0, 17)),
    'before the trailers': (connection) => connection.send(responseHeaders(1), data(1, message('all'))),
  }

  test.each(Object.entries(silences))('%s', async (_, speak) => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      speak(connection)
    })
    await fault.transport.connect()
    const { error } = await fault.ask({ deadline: performance.now() + SHORT_MS })
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ code: 'TIMEOUT', unprocessed: false })
    const sent = await fault.server.connections[0].nextOf(FrameType.RST_STREAM)
    expect([sent?.streamId, sent?.payload.readUInt32BE()]).toEqual([1, ErrorCode.CANCEL])
    await fault.end()
  })

  test('while another stream of the connection goes on, and the next query too', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(responseHeaders(1), responseHeaders(3), data(3, message('a part')))
      const sent = await connection.nextOf(FrameType.RST_STREAM)
      expect(sent?.streamId).toBe(1)
      connection.send(response(3, 'never seen').subarray(responseHeaders(3).length))
      await answerAll(connection)
    })
    await fault.transport.connect()
    const silent = fault.ask({ deadline: performance.now() + SHORT_MS })
    const other = await fault.ask()
    expect((await silent).error).toBeInstanceOf(TimeoutError)
    expect(other.error).toBeNull()
    expect(other.messages.map(text)).toEqual(['a part', 'never seen'])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test('with the connection accepted and nothing said', async () => {
    const fault = await Fault.play(() => {}, { connectTimeoutMs: 2 * SHORT_MS })
    const deadline = performance.now() + SHORT_MS
    const outcomes = await Promise.all([fault.ask({ deadline }), fault.ask({ deadline })])
    for (const { error } of outcomes) expect(error).toBeInstanceOf(TimeoutError)
    // The second waited for SETTINGS: it was never sent, and may be tried elsewhere.
    expect(outcomes.map(({ error }) => error?.unprocessed)).toEqual([false, true])
    // One more goes out ahead of SETTINGS; it has no deadline of its own to wait for.
    const patient = await fault.ask()
    expect(patient.error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
    expect(fault.transport.stats.calls).toBe(2)
    await fault.expectNextWorks(2)
    await fault.end()
  })

  test('with half of SETTINGS said', async () => {
    const fault = await Fault.play((connection) => connection.send(settings([[1, 4096]]).subarray(0, 12)), {
      connectTimeoutMs: SHORT_MS,
    })
    const { error } = await fault.ask()
    expect(error?.message).toContain(`no HTTP/2 SETTINGS within ${SHORT_MS} ms`)
    await fault.expectNextWorks(2)
    await fault.end()
  })

  test('and a PING, when there is no deadline', async () => {
    const fault = await Fault.play(
      async (connection) => {
        connection.greet()
        connection.send(responseHeaders(await connection.request()))
      },
      { pingAfterIdleMs: 50, pingTimeoutMs: 50 },
    )
    await fault.transport.connect()
    const { error } = await fault.ask({ deadline: undefined })
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
    const probes = fault.server.connections[0].frames.filter(({ type }) => type === FrameType.PING)
    expect(probes.map(({ flags }) => flags & Flag.ACK)).toEqual([0])
    await fault.expectNextWorks(2)
    await fault.end()
  })
})

test('an aborted call is reset, and its connection goes on', async () => {
  const abort = new AbortController()
  const fault = await Fault.play(async (connection) => {
    connection.greet()
    connection.send(responseHeaders(await connection.request()))
    abort.abort(new Error('enough'))
    const sent = await connection.nextOf(FrameType.RST_STREAM)
    expect([sent?.streamId, sent?.payload.readUInt32BE()]).toEqual([1, ErrorCode.CANCEL])
    await answerAll(connection)
  })
  const { error } = await fault.ask({ signal: abort.signal })
  expect(error).toBeInstanceOf(AbortError)
  await fault.expectNextWorks(1)
  await fault.end()
})
