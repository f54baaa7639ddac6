import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Row } from '../../src/client/result.ts'
import { ProtocolError, SidecarError } from '../../src/errors.ts'
import { ReplyReader } from '../../src/http/reply-reader.ts'

/** Reads a reply whose body comes in these pieces, a few rows at a time. */
function readPieces(pieces: Iterable<Buffer>, warnings: string[] = []) {
  const reader = new ReplyReader(undefined, warnings)
  const rows: Row[] = []
  const drain = () => {
    while (reader.readable) {
      const some = reader.read(3)
      if (some.length === 0 && reader.readable) throw new Error('readable, but nothing was read')
      rows.push(...some)
    }
  }
  for (const piece of pieces) {
    reader.push(piece)
    drain()
  }
  reader.end()
  drain()
  expect(reader.finished).toBe(true)
  reader.complete(rows)
  return { rows, schema: reader.schema }
}

const read = (body: string) => readPieces([Buffer.from(body)])
/** Pieces of this many bytes. */
function* cut(body: string, size: number) {
  const bytes = Buffer.from(body)
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

const TYPES = {
  i: 'Int64',
  d: { Decimal128: [20, 3] },
  f: 'Float64',
  s: 'Utf8',
  t: { Timestamp: ['Nanosecond', 'UTC'] },
  b: 'Boolean',
  l: { List: { name: 'item', data_type: 'Utf8', nullable: true } },
  o: { Struct: [{ name: 'ü"', data_type: 'Int32', nullable: true }] },
}
const schema = JSON.stringify({
  fields: Object.entries(TYPES).map(([name, data_type]) => ({ name, data_type, nullable: true })),
  metadata: {},
})
const ROWS = [
  '{"i":9007199254740993,"d":12345678901234567.890,"f":-1.5e-7,"s":"","t":"2024-01-31T12:00:00.123456789Z","b":true,"l":[],"o":{"ü\\"":-1}}',
  '{"s":"a \\"quoted\\" \\\\ tail\\\\","f":0,"l":["€","😀",null,"]}"]}',
  ' { "i" : -1 , "s" : "\\ud83d\\ude00 {[\\u0000" , "b" : null } ',
  '{}',
]
const document = (rows: readonly string[], order = 'csd') => {
  const members: Record<string, string> = {
    c: `"row_count":${rows.length}`,
    s: `"schema":${schema}`,
    d: `"data":[${rows.join(',')}]`,
    x: '"execution_time_ms":12.5e0',
    y: '"other":{"data":[{"a":"}"}],"s":null}',
  }
  return `{${[...order].map((member) => members[member]).join(',')}}`
}

describe('a reply that comes in pieces', () => {
  const bodies = [
    document(ROWS),
    document(ROWS, 'xdscy'),
    document(ROWS, 'dcsx'),
    document(ROWS, 'sydx'),
    document([], 'csd'),
    document([], 'dsc'),
    `[${ROWS.join(',')}]`,
    '[]',
    '{"row_count":0,"schema":{},"data":[]}',
    '{"data":[{},{}],"schema":{"fields":[]},"row_count":2}',
    '\ufeff [{"a":1}]\n',
    'COMMIT\n',
    '',
  ]

  it.each(bodies)('is the same whatever the pieces: %#', (body) => {
    const whole = read(body)
    for (const size of [1, 2, 3, 7, 64, 100]) expect(readPieces(cut(body, size))).toEqual(whole)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 30 }), (sizes) => {
        const bytes = Buffer.from(body)
        const pieces: Buffer[] = []
        let at = 0
        for (const size of sizes) {
          pieces.push(bytes.subarray(at, at + size))
          at += size
        }
        pieces.push(bytes.subarray(at))
        expect(readPieces(pieces)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  it('is read or refused alike whatever the pieces, however broken', () => {
    const outcome = (pieces: Buffer[]) => {
      try {
        return readPieces(pieces).rows
      } catch (error) {
        expect(error).toBeInstanceOf(SidecarError)
        return 'refused'
      }
    }
    const damage = fc.record({
      at: fc.nat(2_000),
      remove: fc.nat(3),
      insert: fc.constantFrom(
        '',
        ',',
        '}',
        ']',
        '"',
        '\\',
        '{',
        '[',
        ':',
        '1',
        'e',
        '-',
        'null',
        '\u00e9',
        ' ',
      ),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 40 }),
        (body, damages, size) => {
          let broken = body
          for (const { at, remove, insert } of damages) {
            const place = at % (broken.length + 1)
            broken = broken.slice(0, place) + insert + broken.slice(place + remove)
          }
          expect(outcome([...cut(broken, size)])).toEqual(outcome([Buffer.from(broken)]))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('is what it says', () => {
    const { rows } = read(document(ROWS))
    expect(rows).toHaveLength(4)
    expect(rows[0]).toMatchObject({
      i: 9007199254740993n,
      d: '12345678901234567.890',
      f: -1.5e-7,
      l: [],
      o: { 'ü"': -1 },
    })
    expect(rows[1]).toMatchObject({ i: null, s: 'a "quoted" \\ tail\\', l: ['€', '😀', null, ']}'], o: null })
    expect(rows[2]).toMatchObject({ i: -1n, s: '😀 {[\0', b: null })
    expect(Object.values(rows[3])).toEqual(Array(8).fill(null))
  })

  it.each(bodies.filter((body) => body.startsWith('{') || body.startsWith('[')))(
    'is refused wherever it ends early: %#',
    (body) => {
      const bytes = Buffer.from(body)
      for (let end = 1; end < bytes.length; end++) {
        const cutOff = () => readPieces([bytes.subarray(0, end)])
        expect(cutOff, `after ${end} bytes`).toThrow(ProtocolError)
      }
    },
  )

  it.each<[string, string, RegExp]>([
    ['with something behind it', `${document(ROWS)}{}`, /expected the end/],
    ['without a schema', document(ROWS, 'cd'), /no schema/],
    ['without data', document(ROWS, 'cs'), /no data/],
    ['with its data twice', document(ROWS, 'sdd'), /data twice/],
    ['with its data twice before the schema', document(ROWS, 'dds'), /data twice/],
    ['with its schema twice', document(ROWS, 'ssd'), /schema twice/],
    [
      'with too few rows',
      document(ROWS).replace('"row_count":4', '"row_count":5'),
      /announces 5 rows but has 4/,
    ],
    [
      'with too many rows',
      document(ROWS, 'dsc').replace('"row_count":4', '"row_count":3'),
      /3 rows but has 4/,
    ],
    ['with a comma too many', document([...ROWS, '']), /expected '{'/],
    ['with rows that are none', document(['5']), /expected '{'/],
    ['with a number that goes wrong', document(['{"i":1x}']), /found "x/],
    ['with data that are no list', '{"schema":{},"data":{}}', /expected '\['/],
    ['of plain rows with something behind it', '[{"a":1}],', /expected the end/],
    ['of plain rows without a comma', '[{"a":1}{"a":2}]', /expected ']'/],
    ['of text', 'COMMITTED, or so it seems', /no result/],
  ])('is refused %s', (_, body, message) => {
    for (const size of [1, 5, 1000]) expect(() => readPieces(cut(body, size))).toThrow(message)
  })

  it.each(['\xff', '\xe2\x82', '\xc0\xaf'])('is refused with bytes that are no UTF-8', (broken) => {
    const bytes = Buffer.concat([
      Buffer.from('[{"a":"'),
      Buffer.from(broken, 'latin1'),
      Buffer.from('"},{"a":"some more text, beyond the first bytes"}]'),
    ])
    for (const size of [1, 9, 1000]) {
      const pieces: Buffer[] = []
      for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, i + size))
      expect(() => readPieces(pieces)).toThrow(/not valid UTF-8/)
    }
  })

  it('gives a row once its last byte has come, and keeps nothing of it', () => {
    const reader = new ReplyReader()
    const before = document([ROWS[0]]).split('"data":[')[0]
    reader.push(Buffer.from(`${before}"data":[`))
    expect(reader.read(10)).toEqual([])
    expect(reader.schema?.fields).toHaveLength(8)
    for (let n = 0; n < 50; n++) {
      if (n > 0) reader.push(Buffer.from(','))
      const row = Buffer.from(`{"i":${n}}`)
      reader.push(row.subarray(0, -1))
      expect(reader.read(10)).toEqual([])
      reader.push(row.subarray(-1))
      expect(reader.read(10)).toMatchObject([{ i: BigInt(n) }])
      expect(reader.pendingBytes).toBe(0)
    }
    expect(reader.finished).toBe(false)
  })

  it('is not read again from its start for every piece of a long row', () => {
    const reader = new ReplyReader()
    reader.push(Buffer.from('[{"a":"'))
    reader.read(10)
    for (let i = 0; i < 100; i++) {
      reader.push(Buffer.from('x'.repeat(1000)))
      expect(reader.readable).toBe(false)
    }
    reader.push(Buffer.from('"}'))
    expect(reader.read(10)).toEqual([{ a: 'x'.repeat(100_000) }])
  })

  it('names the byte of the whole reply where it goes wrong', () => {
    const body = `[${'{"a":1},'.repeat(100)}!`
    expect(() => readPieces(cut(body, 10))).toThrow('JSON byte 801: expected \'{\', found "!"')
  })
})

describe('plain rows', () => {
  it('get the columns of all, in the order they first came', () => {
    const { rows, schema } = read('[{"b":1},{"a":"x","b":2.5},{"c":null},{"a":true}]')
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        ['b', 1],
        ['a', null],
        ['c', null],
      ],
      [
        ['b', 2.5],
        ['a', 'x'],
        ['c', null],
      ],
      [
        ['b', null],
        ['a', null],
        ['c', null],
      ],
      [
        ['b', null],
        ['a', true],
        ['c', null],
      ],
    ])
    expect(schema?.fields.map(({ name, type }) => [name, type.kind])).toEqual([
      ['b', 'float'],
      ['a', 'utf8'],
      ['c', 'null'],
    ])
  })

  it('tell columns of one name apart, and __proto__ from the prototype', () => {
    const { rows } = read('[{"a":1,"a":2,"__proto__":3},{"a":4},{"a:1":5,"a":6,"a":7}]')
    expect(rows.map((row) => Object.entries(row))).toEqual([
      [
        ['a', 1],
        ['a:1', 2],
        ['__proto__', 3],
        ['a:1:1', null],
      ],
      [
        ['a', 4],
        ['a:1', null],
        ['__proto__', null],
        ['a:1:1', null],
      ],
      [
        ['a', 6],
        ['a:1', 7],
        ['__proto__', null],
        ['a:1:1', 5],
      ],
    ])
    expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype)
  })

  it('that lack a column when they are handed over are told of', () => {
    const warnings: string[] = []
    const reader = new ReplyReader(undefined, warnings)
    reader.push(Buffer.from('[{"a":1},'))
    const first = reader.read(10)
    reader.complete(first)
    reader.push(Buffer.from('{"a":2,"late":3},{"a":4}]'))
    reader.end()
    const later = reader.read(10)
    reader.complete(later)
    expect([...first, ...later]).toEqual([{ a: 1 }, { a: 2, late: 3 }, { a: 4, late: null }])
    expect(reader.finished).toBe(true)
    expect(warnings.at(-1)).toMatch(/lack it: "late"/)
  })
})
