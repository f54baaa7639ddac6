import { afterEach, describe, expect, test } from 'vitest'
import { Flag, FrameType, MAX_WINDOW, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import {
  data,
  frame,
  headers,
  ping,
  RESPONSE,
  reset,
  response,
  responseHeaders,
  ScriptedServer,
  settings,
  uint32,
  windowUpdate,
} from './scripted-server.ts'

let server: ScriptedServer | undefined
let transport: Transport

afterEach(async () => {
  await transport?.close()
  server?.stop()
  server = undefined
})

const ask = () =>
  collect(transport, 'Ask', Buffer.from('?'), {
    deadline: performance.now() + 10_000,
    maxMessageBytes: 1 << 20,
  })

const repeat = (bytes: Buffer, times: number) => Buffer.concat(new Array<Buffer>(times).fill(bytes))

/** Answers the first request of the first connection with `bytes`, everything else as it should be. */
async function misbehave(bytes: (streamId: number) => Buffer) {
  server = await ScriptedServer.start(async (connection, index) => {
    connection.greet()
    let first = index === 0
    while (!connection.closed) {
      const end = await connection.next(
        ({ type, flags }) => type === FrameType.DATA && (flags & Flag.END_STREAM) !== 0,
      )
      if (end === undefined) return
      connection.send(first ? bytes(end.streamId) : response(end.streamId, 'well'))
      first = false
    }
  })
  transport = createNativeTransport({
    address: { secure: false, host: '127.0.0.1', port: server.port },
    streamWindowBytes: 65_535,
  })
}

describe('the connection ends, with a reason for both sides, after', () => {
  const { PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM } =
    ErrorCode
  const protocol = 'PROTOCOL'
  const limit = 'LIMIT_EXCEEDED'
  test.each<[string, (streamId: number) => Buffer, number, string]>([
    [
      'a header block that is not HPACK',
      (id) => frame(FrameType.HEADERS, Flag.END_HEADERS, id, Buffer.of(0x80)),
      COMPRESSION_ERROR,
      protocol,
    ],
    [
      'a header block interrupted by another frame',
      (id) => Buffer.concat([headers(id, RESPONSE, 0), ping()]),
      PROTOCOL_ERROR,
      protocol,
    ],
    [
      'a CONTINUATION of nothing',
      (id) => frame(FrameType.CONTINUATION, Flag.END_HEADERS, id),
      PROTOCOL_ERROR,
      protocol,
    ],
    [
      'a flood of CONTINUATION frames',
      (id) => Buffer.concat([headers(id, RESPONSE, 0), repeat(frame(FrameType.CONTINUATION, 0, id), 100)]),
      ENHANCE_YOUR_CALM,
      limit,
    ],
    [
      'a header block without bounds',
      (id) =>
        Buffer.concat([
          headers(id, RESPONSE, 0),
          repeat(frame(FrameType.CONTINUATION, 0, id, Buffer.alloc(16_384)), 20),
        ]),
      ENHANCE_YOUR_CALM,
      limit,
    ],
    [
      'an oversize HEADERS frame',
      (id) => frame(FrameType.HEADERS, Flag.END_HEADERS, id, Buffer.alloc(1_000_000)),
      ENHANCE_YOUR_CALM,
      limit,
    ],
    [
      'a push',
      (id) => frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, id, uint32(2)),
      PROTOCOL_ERROR,
      protocol,
    ],
    ['a frame on an even stream', () => responseHeaders(2), PROTOCOL_ERROR, protocol],
    ['a frame on a stream never opened', () => data(99, Buffer.alloc(1)), PROTOCOL_ERROR, protocol],
    ['DATA without a stream', () => data(0, Buffer.alloc(1)), PROTOCOL_ERROR, protocol],
    [
      'padding longer than its frame',
      (id) => data(id, Buffer.of(5, 0), Flag.PADDED),
      PROTOCOL_ERROR,
      protocol,
    ],
    [
      'a PING of a wrong length',
      () => frame(FrameType.PING, 0, 0, Buffer.alloc(7)),
      FRAME_SIZE_ERROR,
      protocol,
    ],
    [
      'SETTINGS of a wrong length',
      () => frame(FrameType.SETTINGS, 0, 0, Buffer.alloc(7)),
      FRAME_SIZE_ERROR,
      protocol,
    ],
    ['SETTINGS on a stream', (id) => frame(FrameType.SETTINGS, 0, id), PROTOCOL_ERROR, protocol],
    [
      'an initial window above 2^31-1',
      () => settings([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31]]),
      FLOW_CONTROL_ERROR,
      protocol,
    ],
    [
      'a maximum frame size below 16 384',
      () => settings([[Setting.MAX_FRAME_SIZE, 16_383]]),
      PROTOCOL_ERROR,
      protocol,
    ],
    ['a connection window above 2^31-1', () => windowUpdate(0, MAX_WINDOW), FLOW_CONTROL_ERROR, protocol],
    ['a connection window update of nothing', () => windowUpdate(0, 0), PROTOCOL_ERROR, protocol],
    ['a flood of PINGs', () => repeat(ping(), 12_000), ENHANCE_YOUR_CALM, limit],
    ['a flood of SETTINGS', () => repeat(settings(), 12_000), ENHANCE_YOUR_CALM, limit],
    [
      'a flood of empty DATA',
      (id) => Buffer.concat([responseHeaders(id), repeat(data(id, Buffer.alloc(0)), 12_000)]),
      ENHANCE_YOUR_CALM,
      limit,
    ],
    ['a flood of resets', (id) => repeat(reset(id, 0), 12_000), ENHANCE_YOUR_CALM, limit],
    ['a flood of frames of unknown types', () => repeat(frame(0x50, 0, 0), 12_000), ENHANCE_YOUR_CALM, limit],
  ])('%s', async (name, bytes, code, errorCode) => {
    await misbehave(bytes)
    const { error } = await ask()
    if (name !== 'a flood of resets') expect(error?.code).toBe(errorCode)
    const farewell = await server!.connections[0].seen(FrameType.GOAWAY)
    expect(farewell?.payload.readUInt32BE(4)).toBe(code)
    expect((await ask()).messages.map(text)).toEqual(['well'])
  })
})

describe('only the stream ends after', () => {
  test.each<[string, (streamId: number) => Buffer, number]>([
    [
      'more DATA than its window',
      (id) => Buffer.concat([responseHeaders(id), data(id, Buffer.alloc(65_536))]),
      ErrorCode.FLOW_CONTROL_ERROR,
    ],
    ['a window update of nothing', (id) => windowUpdate(id, 0), ErrorCode.PROTOCOL_ERROR],
    ['a window above 2^31-1', (id) => windowUpdate(id, MAX_WINDOW), ErrorCode.FLOW_CONTROL_ERROR],
  ])('%s', async (_, bytes, code) => {
    await misbehave(bytes)
    expect((await ask()).error?.code).toBe('PROTOCOL')
    const resetFrame = await server!.connections[0].seen(FrameType.RST_STREAM)
    expect(resetFrame?.payload.readUInt32BE()).toBe(code)
    expect((await ask()).messages.map(text)).toEqual(['well'])
    expect(transport.stats.connections).toBe(1)
  })
})

test('frames on a stream that has ended are ignored', async () => {
  await misbehave((id) =>
    Buffer.concat([
      response(id, 'well'),
      data(id, Buffer.alloc(1000)),
      headers(id, RESPONSE),
      reset(id, 0),
      windowUpdate(id, 1),
    ]),
  )
  expect((await ask()).messages.map(text)).toEqual(['well'])
  expect((await ask()).messages.map(text)).toEqual(['well'])
  expect(transport.stats.connections).toBe(1)
})

test('endless DATA on a stream that has ended ends the connection', async () => {
  await misbehave((id) => Buffer.concat([response(id, 'well'), repeat(data(id, Buffer.alloc(16_384)), 80)]))
  expect((await ask()).error).toBeNull()
  const farewell = await server!.connections[0].seen(FrameType.GOAWAY)
  expect(farewell?.payload.readUInt32BE(4)).toBe(ErrorCode.STREAM_CLOSED)
})

test('a peer that asks for answers and does not read them loses the connection', async () => {
  server = await ScriptedServer.start((connection, index) => {
    connection.greet()
    if (index > 0) return
    connection.socket.pause()
    // Real DATA frames between the PINGs, so that nothing but the unread answers can be the reason.
    const useful = Buffer.concat([repeat(ping(), 500), data(1, Buffer.from([0, 0, 0, 0, 0]))])
    connection.socket.once('resume', () => {})
    connection.send(responseHeaders(1))
    const flood = () => {
      while (!connection.socket.destroyed && connection.socket.write(useful));
    }
    connection.socket.on('drain', flood)
    flood()
  })
  transport = createNativeTransport({ address: { secure: false, host: '127.0.0.1', port: server.port } })
  const { error } = await ask()
  expect(error?.code).toBe('LIMIT_EXCEEDED')
  expect(error?.message).toContain('reads')
})
