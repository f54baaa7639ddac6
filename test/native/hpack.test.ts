import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from '../../src/transport/native/hpack-decoder.ts'
import { encodeFields } from '../../src/transport/native/hpack-encoder.ts'
import { ConnectionViolation } from '../../src/transport/native/http2-error.ts'
import { decodeHuffman } from '../../src/transport/native/huffman.ts'

const LIST_LIMIT = 64 * 1024
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')
const decode = (decoder: HpackDecoder, block: Buffer) => decoder.decode(block, 0, block.length)

const REQUESTS = [
  [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
  [
    ':method',
    'GET',
    ':scheme',
    'http',
    ':path',
    '/',
    ':authority',
    'www.example.com',
    'cache-control',
    'no-cache',
  ],
  [
    ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
    ...['custom-key', 'custom-value'],
  ],
]
const RESPONSES = [
  [
    ...[':status', '302', 'cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ...['location', 'https://www.example.com'],
  ],
  [
    ...[':status', '307', 'cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ...['location', 'https://www.example.com'],
  ],
  [
    ...[':status', '200', 'cache-control', 'private', 'date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ...['location', 'https://www.example.com', 'content-encoding', 'gzip'],
    ...['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ],
]

describe('the examples of RFC 7541, appendix C', () => {
  test.each([
    [
      'C.2.1',
      '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
      ['custom-key', 'custom-header'],
      55,
    ],
    ['C.2.2', '040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], 0],
    ['C.2.3', '1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret'], 0],
    ['C.2.4', '82', [':method', 'GET'], 0],
  ])('%s, one field', (_, block, fields, tableBytes) => {
    const decoder = new HpackDecoder(LIST_LIMIT)
    expect(decode(decoder, hex(block))).toEqual(fields)
    expect(decoder.tableBytes).toBe(tableBytes)
  })

  test.each([
    [
      'C.3, requests',
      4096,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      REQUESTS,
      [57, 110, 164],
    ],
    [
      'C.4, requests in Huffman code',
      4096,
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      REQUESTS,
      [57, 110, 164],
    ],
    [
      'C.5, responses with eviction',
      256,
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
      RESPONSES,
      [222, 222, 215],
    ],
    [
      'C.6, responses with eviction in Huffman code',
      256,
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
      RESPONSES,
      [222, 222, 215],
    ],
  ])('%s', (_, tableLimit, blocks, fields, tableBytes) => {
    const decoder = new HpackDecoder(LIST_LIMIT, tableLimit)
    for (const [i, block] of blocks.entries()) {
      expect(decode(decoder, hex(block.replaceAll(/\s/g, '')))).toEqual(fields[i])
      expect(decoder.tableBytes).toBe(tableBytes[i])
    }
  })

  test('C.1, integers of one byte and of several', () => {
    const decoder = new HpackDecoder(LIST_LIMIT, 4096)
    // 1337 in a five-bit prefix is a table size here.
    expect(decode(decoder, hex('3f9a0a'))).toEqual([])
    expect(decode(decoder, hex('2a'))).toEqual([])
  })
})

test('what is encoded decodes to the same fields', () => {
  const name = fc.stringMatching(/^[a-z0-9_.-]{1,40}$/)
  const value = fc.stringMatching(/^[\x20-\x7e]{0,400}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
      const { bytes, listBytes } = encodeFields(fields)
      expect(decode(new HpackDecoder(LIST_LIMIT), bytes)).toEqual(fields.flat())
      expect(listBytes).toBe(fields.reduce((sum, [n, v]) => sum + n.length + v.length + 32, 0))
    }),
  )
})

test('fields of the static table take one byte, secrets are never indexed', () => {
  expect(encodeFields([[':method', 'POST']]).bytes).toEqual(hex('83'))
  expect(encodeFields([[':scheme', 'https']]).bytes).toEqual(hex('87'))
  expect(encodeFields([['authorization', 'Bearer x']]).bytes[0] & 0xf0).toBe(0x10)
})

test('any bytes decode or are refused, and the table stays within its limit', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder(4096, 512)
      try {
        for (const block of blocks) decode(decoder, Buffer.from(block))
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectionViolation)
      }
      expect(decoder.tableBytes).toBeLessThanOrEqual(512)
    }),
    { numRuns: 2000 },
  )
})

describe('a block is refused for', () => {
  test.each([
    ['index 0', '80'],
    ['an index beyond the tables', 'be'],
    ['a table size above the limit', '3fe21f'],
    ['a table size update after a field', '8220'],
    ['an integer without an end', '7fffff'],
    ['an integer that is too large', '7fffffffffff7f'],
    ['a string without an end', '400a6375'],
    ['a missing value', '4001 61'],
    ['Huffman padding that is not all ones', '4001 6181 18'],
    ['Huffman padding of eight bits', '4001 6182 1fff'],
    ['EOS in a Huffman string', '4001 6184 ffffffff'],
  ])('%s', (_, block) => {
    expect(() => decode(new HpackDecoder(LIST_LIMIT), hex(block))).toThrow(ConnectionViolation)
  })
})

test('Huffman padding of up to seven ones is fine', () => {
  const target = Buffer.alloc(8)
  // "a" is 00011, three ones of padding follow.
  expect(decodeHuffman(Buffer.of(0x1f), 0, 1, target)).toBe(1)
  expect(target[0]).toBe(0x61)
})

test('a size update evicts, and a later one makes room again', () => {
  const decoder = new HpackDecoder(LIST_LIMIT)
  decode(decoder, hex('4001 6101 62'))
  expect(decoder.tableBytes).toBe(34)
  expect(decode(decoder, hex('20 3fe11f'))).toEqual([])
  expect(decoder.tableBytes).toBe(0)
  decode(decoder, hex('4001 6101 62'))
  expect(decode(decoder, hex('be'))).toEqual(['a', 'b'])
})

test('a list above the limit is dropped, but the table is kept right', () => {
  const decoder = new HpackDecoder(100)
  const block = Buffer.concat([hex('4001 6101 62'), encodeFields([['long', 'x'.repeat(200)]]).bytes])
  expect(decode(decoder, block)).toEqual([])
  expect(decoder.overflowed).toBe(true)
  expect(decode(decoder, hex('be'))).toEqual(['a', 'b'])
  expect(decoder.overflowed).toBe(false)
})

test('malformed names and values are pointed out', () => {
  const decoder = new HpackDecoder(LIST_LIMIT)
  decode(decoder, encodeFields([['Upper', 'x']]).bytes)
  expect(decoder.malformed).toContain('Upper')
  decode(decoder, encodeFields([['a', 'x\r\ny: z']]).bytes)
  expect(decoder.malformed).toBe('the value of a')
  decode(decoder, encodeFields([['a', 'x']]).bytes)
  expect(decoder.malformed).toBeUndefined()
})

describe('a block that comes again', () => {
  // RFC 7541, section 6.2.1: a literal that enters the table, then section 6.1: the table's newest entry.
  const insert = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(0x40, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ])
  const newest = Buffer.of(0xbe)
  const read = (decoder: HpackDecoder, block: Buffer) => [...decoder.decode(block, 0, block.length)]

  test('is not decoded anew while the table is the same', () => {
    const decoder = new HpackDecoder(1000)
    read(decoder, insert('a', '1'))
    const first = decoder.decode(newest, 0, 1)
    expect(decoder.decode(Buffer.concat([Buffer.of(0), newest]), 1, 2)).toBe(first)
  })

  test('means what the table says now, after an insertion, an eviction or a repeated insertion', () => {
    const decoder = new HpackDecoder(1000)
    read(decoder, insert('a', '1'))
    expect(read(decoder, newest)).toEqual(['a', '1'])
    read(decoder, insert('b', '2'))
    expect(read(decoder, newest)).toEqual(['b', '2'])
    // The same inserting block again has to insert again.
    read(decoder, insert('a', '1'))
    expect(read(decoder, newest)).toEqual(['a', '1'])
    expect(decoder.tableBytes).toBe(3 * 34)
    read(decoder, Buffer.of(0x20))
    expect(() => read(decoder, newest)).toThrow('outside the table')
  })

  test('that is malformed or too long is so every time', () => {
    const decoder = new HpackDecoder(80)
    const upper = Buffer.concat([Buffer.of(0x00, 1), Buffer.from('A'), Buffer.of(1), Buffer.from('x')])
    const long = encodeFields([['a', 'x'.repeat(60)]]).bytes
    for (let turn = 0; turn < 3; turn++) {
      read(decoder, upper)
      expect(decoder.malformed).toContain('"A"')
      read(decoder, long)
      expect(decoder.overflowed).toBe(true)
      read(decoder, Buffer.of(0x88))
      expect([decoder.malformed, decoder.overflowed]).toEqual([undefined, false])
    }
  })
})
