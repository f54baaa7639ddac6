import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decompressBody } from '../../src/arrow/compression.ts'
import { decompressLz4Frame } from '../../src/arrow/lz4-frame.ts'
import { decompressZstdFrame } from '../../src/arrow/zstd-frame.ts'
import { LimitError, ProtocolError, UnsupportedError } from '../../src/errors.ts'

const made = JSON.parse(readFileSync(new URL('../fixtures/arrow/frames.json', import.meta.url), 'utf8'))
const text = Buffer.from(
  Array.from({ length: made.text.count }, (_, i) => made.text.repeat.replace('%d', String(i))).join(''),
)
const CODECS = { lz4: 0, zstd: 1 } as const
const LIMIT = 1 << 24

/** A buffer as Arrow stores it: its true length, then the frame. */
function withLength(length: number, frame: Uint8Array): Buffer {
  const prefix = Buffer.alloc(8)
  prefix.writeBigInt64LE(BigInt(length))
  return Buffer.concat([prefix, frame])
}

describe.each(['lz4', 'zstd'] as const)('%s', (name) => {
  const codec = CODECS[name]
  const frame = Buffer.from(made[name], 'base64')

  test('frames of a streaming compressor, several blocks long, are read', () => {
    const buffer = withLength(text.length, frame)
    const { bytes, positions } = decompressBody(buffer, [0, buffer.length], codec, LIMIT)
    expect(positions).toEqual([0, text.length])
    expect(text.equals(bytes.subarray(0, text.length))).toBe(true)
  })

  test('buffers lie on 64-byte boundaries; a length of -1 says it is not compressed', () => {
    const plain = withLength(-1, Buffer.from('plain'))
    const body = Buffer.concat([plain, withLength(text.length, frame)])
    const parts = [0, plain.length, 0, 0, plain.length, body.length - plain.length]
    const { bytes, positions } = decompressBody(body, parts, codec, LIMIT)
    expect(positions).toEqual([0, 5, 64, 0, 64, text.length])
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe('plain')
    expect(text.equals(bytes.subarray(64, 64 + text.length))).toBe(true)
  })

  test.each([text.length - 1, text.length + 1, 1])(
    'a length of %i that is not the true one is an error',
    (length) => {
      const buffer = withLength(length, frame)
      expect(() => decompressBody(buffer, [0, buffer.length], codec, LIMIT)).toThrow(ProtocolError)
    },
  )

  test('a frame cut off is an error', () => {
    for (const length of [0, 3, 10, frame.length >> 1, frame.length - 8]) {
      const buffer = withLength(text.length, frame.subarray(0, length))
      expect(() => decompressBody(buffer, [0, buffer.length], codec, LIMIT)).toThrow(ProtocolError)
    }
  })

  test('broken frames give an error or bytes of the announced length', () => {
    fc.assert(
      fc.property(fc.nat(frame.length - 1), fc.nat(255), (position, value) => {
        const broken = Buffer.from(frame)
        broken[position] = value
        const buffer = withLength(text.length, broken)
        try {
          decompressBody(buffer, [0, buffer.length], codec, LIMIT)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 40 },
    )
  })
})

test.each(Object.keys(made.levels))('ZSTD frames of level %s are read', (level) => {
  const lines = Buffer.from(
    Array.from(
      { length: 14_000 },
      (_, i) => `${((i * 2654435761) % 2 ** 32) % 499} ${'abc'.repeat(i % 7)}\n`,
    ).join(''),
  )
  const target = Buffer.alloc(lines.length)
  expect(decompressZstdFrame(Buffer.from(made.levels[level], 'base64'), target)).toBe(lines.length)
  expect(target.equals(lines)).toBe(true)
})

describe('ZSTD blocks', () => {
  /** A single-segment frame of `size` bytes and one block of a type: 0 raw, 1 repeated, 2 compressed. */
  const frameOf = (size: number, type: number, length: number, ...block: number[]) => {
    const header = (length << 3) | (type << 1) | 1
    return Uint8Array.of(
      ...[0x28, 0xb5, 0x2f, 0xfd, 0x20, size],
      ...[header & 255, (header >> 8) & 255, header >> 16],
      ...block,
    )
  }
  const compressed = (size: number, ...block: number[]) => frameOf(size, 2, block.length, ...block)
  const run = (size: number, frame: Uint8Array) => {
    const target = Buffer.alloc(size)
    return target.subarray(0, decompressZstdFrame(frame, target)).toString()
  }
  /** Three raw literals, one sequence whose three codes each stand alone, and their bits. */
  const sequence = (literals: number, offset: number, match: number, ...bits: number[]) => [
    0x18,
    0x61,
    0x62,
    0x63,
    1,
    0x54,
    literals,
    offset,
    match,
    ...bits,
  ]

  test('repeat one byte, or what was just written', () => {
    expect(run(5, frameOf(5, 1, 5, 0x61))).toBe('aaaaa')
    // An offset code of 2 and the bits 10 are 4 + 2, less the three that stand for recent offsets.
    expect(run(9, compressed(9, ...sequence(3, 2, 3, 0b110)))).toBe('abcabcabc')
  })

  test.each([
    ['claim sequences without bits for them', compressed(64, 0, 255, 0xff, 0xff, 0x54, 0, 0, 52, 1)],
    ['match more than announced', compressed(8, ...sequence(3, 2, 3, 0b110))],
    ['match before the data', compressed(9, ...sequence(3, 3, 3, 0b1000))],
    ['hold fewer literals than they use', compressed(9, ...sequence(4, 2, 3, 0b110))],
    ['hold more bits than they use', compressed(9, ...sequence(3, 2, 3, 0b1110))],
    ['lack the end mark of their bits', compressed(9, ...sequence(3, 2, 3, 0))],
    ['use a code that does not exist', compressed(9, ...sequence(3, 2, 53, 0b110))],
    ['repeat a table that never came', compressed(9, 0x18, 0x61, 0x62, 0x63, 1, 0xfc, 0b110)],
    ['repeat a Huffman table that never came', compressed(9, 0x33, 0x40, 0, 1, 0)],
    ['are larger than a block may be', frameOf(9, 1, 131_073, 0x61)],
    ['are of no type', frameOf(9, 3, 0)],
    ['make less than announced', frameOf(9, 1, 8, 0x61)],
  ])('that %s are broken', (_, frame) => {
    const buffer = withLength(frame[5]!, frame)
    expect(() => decompressBody(buffer, [0, buffer.length], CODECS.zstd, LIMIT)).toThrow(ProtocolError)
  })
})

test('a frame that tells a length other than the buffer does is an error', () => {
  // Single segment, one byte of length (3), a raw block of three bytes.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 0x61, 0x62, 0x63])
  const read = (length: number) =>
    decompressBody(withLength(length, frame), [0, 20], CODECS.zstd, LIMIT).bytes
  expect(Buffer.from(read(3).subarray(0, 3)).toString()).toBe('abc')
  expect(() => read(2)).toThrow(ProtocolError)
  expect(() => read(4)).toThrow(ProtocolError)
})

test('lengths are added up before anything is allocated', () => {
  const claim = withLength(2 ** 40, Buffer.alloc(8))
  expect(() => decompressBody(claim, [0, claim.length], CODECS.zstd, LIMIT)).toThrow(LimitError)
  const half = withLength(LIMIT / 2 + 1, Buffer.alloc(8))
  expect(() => decompressBody(half, [0, half.length, 0, half.length], CODECS.lz4, LIMIT)).toThrow(LimitError)
})

test('buffers without room for their length, with a senseless one or of another codec are refused', () => {
  expect(() => decompressBody(Buffer.alloc(7), [0, 7], CODECS.lz4, LIMIT)).toThrow('lacks its length')
  expect(() => decompressBody(withLength(-2, Buffer.alloc(1)), [0, 9], CODECS.lz4, LIMIT)).toThrow(
    'length of -2',
  )
  expect(() => decompressBody(Buffer.alloc(9), [0, 9], 7, LIMIT)).toThrow(UnsupportedError)
})

describe('LZ4 blocks', () => {
  /** A frame of one block: magic, flags, block size, header checksum, the block's length, the block, the end. */
  const frameOf = (...block: number[]) =>
    Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, block.length, 0, 0, 0, ...block, 0, 0, 0, 0)
  const run = (bytes: number, frame: Uint8Array) => {
    const target = Buffer.alloc(bytes)
    return target.subarray(0, decompressLz4Frame(frame, target)).toString()
  }

  test('repeat what they just wrote', () => {
    expect(run(13, frameOf(0x26, 0x61, 0x62, 2, 0, 0x10, 0x21))).toBe('ababababab' + 'ab!')
  })

  test.each([
    ['reach before the data', frameOf(0x26, 0x61, 0x62, 3, 0, 0x00)],
    ['repeat from nowhere', frameOf(0x26, 0x61, 0x62, 0, 0, 0x00)],
    ['hold fewer literals than they say', frameOf(0x50, 0x61)],
    ['end within a length', frameOf(0xf0, 255)],
    ['end within a match', frameOf(0x14, 0x61, 1)],
    ['write more than announced', frameOf(0x1f, 0x61, 1, 0, 255, 255, 0, 0x00)],
  ])('that %s are broken', (_, frame) => {
    expect(() => run(64, frame)).toThrow(ProtocolError)
  })
})
