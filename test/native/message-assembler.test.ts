import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LimitError, ProtocolError } from '../../src/errors.ts'
import { MessageAssembler } from '../../src/transport/native/message-assembler.ts'
import type { AlignAt } from '../../src/transport/transport.ts'
import { message } from './scripted-server.ts'

function assemble(maxBytes: number, alignAt?: AlignAt) {
  const messages: Uint8Array[] = []
  const assembler = new MessageAssembler(
    { alignAt, onWholeMessage: (bytes) => messages.push(bytes) },
    maxBytes,
  )
  return { assembler, messages }
}

/** Pushes `bytes` cut at the given places. */
function pushCut(assembler: MessageAssembler, bytes: Buffer, cuts: readonly number[]): void {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let start = 0
  for (const end of [...places, bytes.length]) {
    assembler.push(bytes, start, end)
    start = end
  }
}

test('messages come whole at any segmentation, aligned where asked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.integer({ min: -1, max: 90 }),
      (bodies, cuts, offset) => {
        const { assembler, messages } = assemble(1000, (_, start, end, length) => {
          expect(end - start).toBeGreaterThanOrEqual(Math.min(length, 16))
          expect(end - start).toBeLessThanOrEqual(length)
          return offset
        })
        pushCut(assembler, Buffer.concat(bodies.map((body) => message(body))), cuts)
        expect(messages.map((bytes) => [...bytes])).toEqual(bodies.map((body) => [...body]))
        expect(assembler.unfinished).toBeUndefined()
        if (offset < 0) return
        for (const { length, byteOffset } of messages)
          if (length > 0) expect((byteOffset + offset) % 64).toBe(0)
      },
    ),
  )
})

test('a large message is aligned, and asked about once with its first bytes', () => {
  const body = Buffer.alloc(100_000, 7)
  let asked = 0
  const { assembler, messages } = assemble(1 << 20, (bytes, start, _, length) => {
    asked++
    expect(bytes[start]).toBe(7)
    expect(length).toBe(body.length)
    return 136
  })
  pushCut(assembler, message(body), [1, 5, 6, 30_000])
  expect(asked).toBe(1)
  expect((messages[0].byteOffset + 136) % 64).toBe(0)
  expect(Buffer.compare(messages[0], body)).toBe(0)
})

test('a message longer than is believed at once grows as it arrives', () => {
  const length = 40 * 1024 * 1024
  const prefix = Buffer.from([0, ...Buffer.from(length.toString(16).padStart(8, '0'), 'hex')])
  const { assembler, messages } = assemble(1 << 30, () => 8)
  assembler.push(prefix, 0, 5)
  const chunk = Buffer.alloc(4 * 1024 * 1024)
  for (let sent = 0; sent < length; sent += chunk.length) {
    chunk.fill(sent / chunk.length)
    assembler.push(chunk, 0, chunk.length)
  }
  expect(messages[0].length).toBe(length)
  expect((messages[0].byteOffset + 8) % 64).toBe(0)
  for (let at = 0; at < length; at += chunk.length) expect(messages[0][at]).toBe(at / chunk.length)
})

test('an announced gigabyte allocates nothing of the kind', () => {
  const { assembler } = assemble(2 ** 31)
  const before = process.memoryUsage().arrayBuffers
  assembler.push(Buffer.from([0, 0x40, 0, 0, 0, 1, 2, 3]), 0, 8)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024)
  expect(assembler.unfinished).toBe(`3 of ${2 ** 30} bytes of a message`)
})

describe('the stream is of no use after', () => {
  test('a message above the limit', () => {
    const { assembler } = assemble(10)
    expect(() => assembler.push(message('12345678901'), 0, 16)).toThrow(LimitError)
  })
  test('flags that are not defined', () => {
    const { assembler } = assemble(10)
    expect(() => assembler.push(Buffer.from([2, 0, 0, 0, 0]), 0, 5)).toThrow(ProtocolError)
  })
})

test('nothing is passed on after stop, not even from the same chunk', () => {
  const messages: Uint8Array[] = []
  const assembler: MessageAssembler = new MessageAssembler(
    {
      alignAt: undefined,
      onWholeMessage: (bytes) => {
        messages.push(bytes)
        assembler.stop()
      },
    },
    100,
  )
  const bytes = Buffer.concat([message('one'), message('two')])
  assembler.push(bytes, 0, bytes.length)
  expect(messages).toHaveLength(1)
})
