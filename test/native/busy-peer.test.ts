import { expect, test } from 'vitest'
import { AbortError } from '../../src/errors.ts'
import { Flag, FrameType, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { collect, text } from './collect.ts'
import { answerAll, DEADLINE_MS, Fault } from './fault.ts'
import {
  ping,
  reset,
  response,
  responseHeaders,
  type ScriptedConnection,
  settings,
  trailers,
  windowUpdate,
} from './scripted-server.ts'

// What a well-behaved peer may do very often, close to what a flood looks like: the connection has to last.

const MANY = 12_000
const repeat = (frame: Buffer, times: number) => Buffer.concat(new Array<Buffer>(times).fill(frame))
const upload = (fault: Fault, bytes: number) =>
  collect(fault.transport, 'Upload', Buffer.alloc(bytes), { deadline: performance.now() + DEADLINE_MS })

/** The ids of the next `count` requests. */
async function requests(connection: ScriptedConnection, count: number): Promise<number[]> {
  const streams: number[] = []
  while (streams.length < count) streams.push(await connection.request())
  return streams
}

test('a long upload whose window is opened again little by little', async () => {
  const fault = await Fault.play(async (connection) => {
    connection.greet([[Setting.INITIAL_WINDOW_SIZE, 0]])
    const opened = await connection.nextOf(FrameType.HEADERS)
    connection.send(repeat(windowUpdate(opened!.streamId, 10), MANY), windowUpdate(0, 10 * MANY))
    connection.send(response(await connection.request(), 'all of it'))
    connection.send(settings([[Setting.INITIAL_WINDOW_SIZE, 65_535]]))
    await answerAll(connection)
  })
  await fault.transport.connect()
  const { error, messages } = await upload(fault, 10 * MANY - 5)
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['all of it'])
  await fault.expectNextWorks(1)
  await fault.end()
})

test('PINGs that measure the connection while an upload fills it', async () => {
  const fault = await Fault.play(async (connection) => {
    connection.greet([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1]])
    connection.send(windowUpdate(0, 2 ** 30))
    let pings = 0
    connection.socket.on('data', () => {
      if (pings < MANY) connection.send(repeat(ping(), 100))
      pings += 100
    })
    connection.send(response(await connection.request(), 'all of it'))
    await answerAll(connection)
  })
  await fault.transport.connect()
  const { error, messages } = await upload(fault, 32 * 1024 * 1024)
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['all of it'])
  await fault.expectNextWorks(1)
  await fault.end()
})

test('late answers to calls that were given up', async () => {
  const fault = await Fault.play(async (connection) => {
    connection.greet()
    connection.send(windowUpdate(0, 10 * MANY))
    const [first, ...late] = await requests(connection, 1 + MANY)
    for (let i = 0; i < MANY; i++) await connection.nextOf(FrameType.RST_STREAM)
    connection.send(...late.flatMap((id) => [responseHeaders(id), trailers(id)]), ping())
    await connection.nextOf(FrameType.PING, Flag.ACK)
    connection.send(response(first, 'still here'))
    await answerAll(connection)
  })
  await fault.transport.connect()
  const waiting = fault.ask()
  const abort = new AbortController()
  const givenUp = Array.from({ length: MANY }, () => fault.ask({ signal: abort.signal }))
  // Sent at the end of this turn of the event loop.
  setImmediate(() => abort.abort())
  for (const { error } of await Promise.all(givenUp)) expect(error).toBeInstanceOf(AbortError)
  expect((await waiting).messages.map(text)).toEqual(['still here'])
  await fault.expectNextWorks(1)
  await fault.end()
})

test('calls that are refused one and all', async () => {
  const fault = await Fault.play(async (connection) => {
    connection.greet()
    connection.send(windowUpdate(0, 10 * MANY))
    const [first, ...others] = await requests(connection, 1 + MANY)
    connection.send(...others.map((id) => reset(id, ErrorCode.REFUSED_STREAM)), response(first, 'served'))
    await answerAll(connection)
  })
  await fault.transport.connect()
  const served = fault.ask()
  const outcomes = await Promise.all(Array.from({ length: MANY }, () => fault.ask()))
  for (const { error } of outcomes) expect(error).toMatchObject({ status: 'UNAVAILABLE', unprocessed: true })
  expect((await served).messages.map(text)).toEqual(['served'])
  await fault.expectNextWorks(1)
  await fault.end()
})
