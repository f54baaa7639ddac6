import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AbortError } from '../../src/errors.ts'
import { FrameReader, type FrameSink } from '../../src/transport/native/frame-reader.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import { MessageAssembler } from '../../src/transport/native/message-assembler.ts'
import { collect, text } from './collect.ts'
import {
  data,
  frame,
  message,
  response,
  responseHeaders,
  ScriptedServer,
  settings,
  trailers,
} from './scripted-server.ts'

const READ_BUFFER_BYTES = 256 * 1024

/** Reads `wire` as a socket would, at most the next of `segments` at a time, and counts what was copied. */
function receive(wire: Buffer, segments: readonly number[]): { messages: Uint8Array[]; copied: number } {
  const messages: Uint8Array[] = []
  let copied = 0
  const assembler = new MessageAssembler(
    { alignAt: () => 64, onWholeMessage: (bytes) => messages.push(bytes) },
    1 << 30,
  )
  const nothing = () => {}
  const sink: FrameSink = {
    onSettings: nothing,
    onHeaderBlock: nothing,
    onDataStart: nothing,
    onDataBytes(bytes, start, end) {
      copied += end - start
      assembler.push(bytes, start, end)
    },
    onDataRoom: (length) => assembler.roomFor(length),
    onDataPlaced: (length) => assembler.placed(length),
    onDataEnd: nothing,
    onReset: nothing,
    onPing: nothing,
    onGoaway: nothing,
    onWindowUpdate: nothing,
    onIgnored: nothing,
  }
  const reader = new FrameReader(sink)
  const buffer = Buffer.alloc(READ_BUFFER_BYTES)
  let target: Uint8Array = buffer
  for (let at = 0, turn = 0; at < wire.length; turn++) {
    const length = Math.min(target.length, wire.length - at, segments[turn % segments.length])
    target.set(wire.subarray(at, at + length))
    at += length
    if (target.buffer === buffer.buffer) reader.read(buffer, length)
    else reader.placed(length)
    target = reader.nextTarget(buffer)
  }
  return { messages, copied }
}

/** Bytes that show where they belong. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 17 + (i >> 8)) & 255
  return bytes
}

function paddedData(content: Uint8Array, padding: number): Buffer {
  if (padding === 0) return data(1, content)
  const payload = Buffer.concat([Buffer.of(padding), content, Buffer.alloc(padding)])
  return frame(FrameType.DATA, Flag.PADDED, 1, payload)
}

test('messages of any size are whole, whatever part of them is read into place', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 700_000 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 9_000, max: 600_000 }),
      fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 8 }),
      fc.nat({ max: 255 }),
      (sizes, frameBytes, segments, padding) => {
        const bodies = sizes.map((size, i) => pattern(size, i))
        const stream = Buffer.concat(bodies.map((body) => message(body)))
        const frames = [settings()]
        for (let at = 0; at < stream.length; at += frameBytes) {
          frames.push(paddedData(stream.subarray(at, at + frameBytes), padding))
        }
        const { messages } = receive(
          Buffer.concat(frames),
          segments.map((length) => Math.max(length, 2_000)),
        )
        expect(messages.map((bytes) => bytes.length)).toEqual(sizes)
        messages.forEach((bytes, i) => {
          expect(Buffer.compare(bytes, bodies[i])).toBe(0)
          if (bytes.length > 0) expect((bytes.byteOffset + 64) % 64).toBe(0)
        })
      },
    ),
    { numRuns: 60 },
  )
})

test('of messages in frames of their own all but the beginning is read into place', () => {
  const bodies = Array.from({ length: 20 }, (_, i) => pattern(300_000 + i, i))
  const wire = Buffer.concat([settings(), ...bodies.map((body) => data(1, message(body)))])
  const { messages, copied } = receive(wire, [1 << 20])
  expect(messages.map((bytes) => Buffer.compare(bytes, bodies[messages.indexOf(bytes)]))).toEqual(
    bodies.map(() => 0),
  )
  // The first frame is not known to be large before it is there; of each other one 16 KiB are copied.
  expect(copied).toBeLessThanOrEqual(READ_BUFFER_BYTES + 19 * 16 * 1024)
})

test('messages in small frames are not read in place, which would take a read for each', () => {
  const stream = message(pattern(1_000_000, 1))
  const frames = [settings()]
  for (let at = 0; at < stream.length; at += 16_384) frames.push(data(1, stream.subarray(at, at + 16_384)))
  const { messages, copied } = receive(Buffer.concat(frames), [1 << 20])
  expect(messages).toHaveLength(1)
  expect(copied).toBe(stream.length)
})

test('a call that ends in the middle of a read in place leaves the connection and later calls alone', async () => {
  const body = message(pattern(2_000_000, 3))
  const large = data(1, body)
  let sent!: (firstHalf: unknown) => void
  const firstHalf = new Promise((resolve) => {
    sent = resolve
  })
  const server = await ScriptedServer.start(async (connection) => {
    connection.greet()
    const first = await connection.request()
    connection.send(responseHeaders(first), data(first, message('begun')), large.subarray(0, 900_000))
    sent(undefined)
    const second = await connection.request()
    connection.send(large.subarray(900_000), trailers(first), response(second, 'second'))
    const third = await connection.request()
    connection.send(responseHeaders(third), data(third, body), trailers(third))
  })
  const transport = createNativeTransport({
    address: { secure: false, host: '127.0.0.1', port: server.port },
    connections: 1,
  })
  try {
    const cut = collect(transport, 'Large', Buffer.from('?'), undefined, (call) => {
      firstHalf.then(() => setImmediate(() => call.cancel(new AbortError('enough'))))
    })
    expect((await cut).error?.message).toBe('enough')
    const second = await collect(transport, 'Small', Buffer.from('?'))
    expect(second.error).toBeNull()
    expect(second.messages.map(text)).toEqual(['second'])
    const third = await collect(transport, 'Large', Buffer.from('?'))
    expect(third.error).toBeNull()
    expect(Buffer.compare(third.messages[0], body.subarray(5))).toBe(0)
    expect(server.connections).toHaveLength(1)
    expect(server.failures).toEqual([])
  } finally {
    await transport.close()
    server.stop()
  }
})
