import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ColumnData } from '../../src/arrow/column-data.ts'
import { FlatBuffer } from '../../src/arrow/flatbuffer.ts'
import { FlatbufferWriter } from '../../src/arrow/flatbuffer-writer.ts'
import { readIpc, rowsFromIpc, StreamDecoder, Timestamp } from '../../src/arrow/index.ts'
import { encodeDictionaryBatches, encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import type { ValueOptions } from '../../src/arrow/values-options.ts'
import { LimitError } from '../../src/errors.ts'

const NOTHING = new Uint8Array(0)
const INT32 = { kind: 'int', bitWidth: 32, signed: true } as const
const INT8 = { kind: 'int', bitWidth: 8, signed: true } as const
const INT64 = { kind: 'int', bitWidth: 64, signed: true } as const

function schemaOf(type: DataType, name = 'column'): Schema {
  return { fields: [field(name, type)], metadata: NO_METADATA }
}

function column(
  length: number,
  buffers: Array<ArrayBufferView | null>,
  parts: Partial<ColumnData> = {},
): ColumnData {
  const bytes = buffers.map((b) => b && new Uint8Array(b.buffer, b.byteOffset, b.byteLength))
  return { length, nullCount: 0, buffers: bytes, children: [], ...parts }
}

/** The values of one column that went through the writer's messages. */
function decode(
  type: DataType,
  data: ColumnData,
  values?: ValueOptions,
  maxDecompressedBytes?: number,
): unknown[] {
  const schema = schemaOf(type)
  const decoder = new StreamDecoder({ values, maxDecompressedBytes })
  decoder.push(encodeSchema(schema), NOTHING)
  for (const { header, body } of encodeDictionaryBatches(schema, [data]))
    decoder.push(header, Buffer.concat(body))
  const { header, body } = encodeRecordBatch(schema, data.length, [data])
  const rows: Array<Record<string, unknown>> = []
  decoder.push(header, Buffer.concat(body))!.appendRows(rows)
  return rows.map((row) => row.column)
}

describe('a stream', () => {
  const schema = schemaOf(INT32)
  const batch = encodeRecordBatch(schema, 2, [column(2, [null, Int32Array.of(7, 8)])])

  test('begins with its schema', () => {
    const decoder = new StreamDecoder()
    expect(decoder.schema).toBeNull()
    expect(() => decoder.push(batch.header, Buffer.concat(batch.body))).toThrow('before the schema')
    expect(decoder.push(encodeSchema(schema), NOTHING)).toBeNull()
    expect(decoder.schema).toEqual(schema)
    expect(decoder.push(batch.header, Buffer.concat(batch.body))!.rowCount).toBe(2)
  })

  test('may repeat its schema or begin anew with another', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema(schema), NOTHING)
    decoder.push(encodeSchema(schema), NOTHING)
    const rows: Array<Record<string, unknown>> = []
    decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
    decoder.push(encodeSchema(schemaOf(INT32, 'other')), NOTHING)
    decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
    expect(rows).toEqual([{ column: 7 }, { column: 8 }, { other: 7 }, { other: 8 }])
  })

  test('with the same schema bytes as an earlier one shares what was made of them', () => {
    const decoders = [
      new StreamDecoder(),
      new StreamDecoder(),
      new StreamDecoder({ values: { int64: 'number' } }),
    ]
    for (const decoder of decoders) decoder.push(encodeSchema(schemaOf(INT32, 'shared')), NOTHING)
    expect(decoders[1]!.schema).toBe(decoders[0]!.schema)
    expect(decoders[2]!.schema).not.toBe(decoders[0]!.schema)
  })

  test('refuses a body shorter than its message says', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema(schema), NOTHING)
    expect(() => decoder.push(batch.header, Buffer.concat(batch.body).subarray(0, 4))).toThrow(
      /body bytes arrived/,
    )
  })
})

describe('dictionaries', () => {
  const type: DataType = { kind: 'dictionary', id: 4n, index: INT32, value: { kind: 'utf8' }, ordered: false }
  const words = column(2, [null, Int32Array.of(0, 1, 3), Buffer.from('abb')])

  test('that never came are an error, unless every value is null', () => {
    const decoder = new StreamDecoder()
    const schema = schemaOf(type)
    decoder.push(encodeSchema(schema), NOTHING)
    const dictionary = { type: { kind: 'utf8' } as const, values: words }
    const used = encodeRecordBatch(schema, 1, [column(1, [null, Int32Array.of(0)], { dictionary })])
    expect(() => decoder.push(used.header, Buffer.concat(used.body))).toThrow('dictionary 4 was never sent')
    const empty = encodeRecordBatch(schema, 1, [
      column(1, [Uint8Array.of(0), Int32Array.of(0)], { nullCount: 1, dictionary }),
    ])
    const rows: Array<Record<string, unknown>> = []
    decoder.push(empty.header, Buffer.concat(empty.body))!.appendRows(rows)
    expect(rows).toEqual([{ column: null }])
  })

  describe('within dictionaries', () => {
    const outer: DataType = {
      ...type,
      id: 9n,
      value: { kind: 'list', child: field('item', type) },
    }
    const inner = column(2, [null, Int32Array.of(1, 0)], { dictionary: { type: type.value, values: words } })
    const lists = column(2, [null, Int32Array.of(0, 2, 2)], { children: [inner] })
    const data = column(2, [null, Int32Array.of(0, 1)], { dictionary: { type: outer.value, values: lists } })
    const schema = schemaOf(outer)
    const messages = encodeDictionaryBatches(schema, [data])
    const batch = encodeRecordBatch(schema, 2, [data])
    const read = (dictionaries: readonly { header: Uint8Array; body: readonly Uint8Array[] }[]) => {
      const decoder = new StreamDecoder()
      decoder.push(encodeSchema(schema), NOTHING)
      for (const { header, body } of dictionaries) decoder.push(header, Buffer.concat(body))
      const rows: Array<Record<string, unknown>> = []
      decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
      return rows
    }

    test('may come in any order', () => {
      expect(messages.map(({ id }) => id)).toEqual([4n, 9n])
      const rows = [{ column: ['bb', 'a'] }, { column: [] }]
      expect(read(messages)).toEqual(rows)
      expect(read([...messages].reverse())).toEqual(rows)
    })

    test('that never come are an error', () => {
      expect(() => read(messages.slice(1))).toThrow('never sent')
    })
  })

  test('of several columns that a server gave one id are an error, not the values of the last', () => {
    const schema: Schema = { fields: [field('a', type), field('b', type)], metadata: NO_METADATA }
    const other = column(2, [null, Int32Array.of(0, 1, 3), Buffer.from('xyy')])
    const indices = (values: ColumnData) =>
      column(1, [null, Int32Array.of(0)], { dictionary: { type: type.value, values } })
    const dictionaries = (values: ColumnData) => encodeDictionaryBatches(schemaOf(type), [indices(values)])
    const batch = encodeRecordBatch(schema, 1, [indices(words), indices(words)])
    const read = (...messages: ReadonlyArray<{ header: Uint8Array; body: readonly Uint8Array[] }>) => {
      const decoder = new StreamDecoder()
      decoder.push(encodeSchema(schema), NOTHING)
      const rows: Array<Record<string, unknown>> = []
      for (const { header, body } of messages) decoder.push(header, Buffer.concat(body))?.appendRows(rows)
      return rows
    }
    const [first] = dictionaries(words)
    const [second] = dictionaries(other)
    expect(() => read(first!, second!, batch)).toThrow('dictionary 4 was sent twice')
    expect(read(first!, first!, batch)).toEqual([{ a: 'a', b: 'a' }])
    expect(read(first!, batch, second!, batch)).toEqual([
      { a: 'a', b: 'a' },
      { a: 'x', b: 'x' },
    ])
  })

  test('do not share values that can be changed', () => {
    const at: DataType = { ...type, value: { kind: 'timestamp', unit: 'second', timezone: null } }
    const values = column(1, [null, BigInt64Array.of(1n)])
    const data = column(2, [null, Int32Array.of(0, 0)], { dictionary: { type: at.value, values } })
    const [first, second] = decode(at, data) as Timestamp[]
    expect(first).toEqual(second)
    expect(first).not.toBe(second)
  })

  test('indices outside them are an error', () => {
    const data = column(1, [null, Int32Array.of(2)], {
      dictionary: { type: { kind: 'utf8' }, values: words },
    })
    expect(() => decode(type, data)).toThrow('index 2 points outside its dictionary of 2 values')
  })
})

describe('value options', () => {
  const int64 = (values: ValueOptions, ...numbers: bigint[]) =>
    decode(INT64, column(numbers.length, [null, BigInt64Array.from(numbers)]), values)

  test('choose how 64-bit integers are represented', () => {
    expect(int64({}, -1n, 2n ** 62n)).toEqual([-1n, 2n ** 62n])
    expect(int64({ int64: 'string' }, -1n, 2n ** 62n)).toEqual(['-1', '4611686018427387904'])
    expect(int64({ int64: 'number' }, -1n, 2n ** 53n - 1n, 1n - 2n ** 53n)).toEqual([
      -1,
      2 ** 53 - 1,
      1 - 2 ** 53,
    ])
    expect(() => int64({ int64: 'number' }, 2n ** 53n)).toThrow('Column "column": 9007199254740992 is beyond')
    const unsigned = column(1, [null, BigUint64Array.of(2n ** 64n - 1n)])
    expect(decode({ ...INT64, signed: false }, unsigned)).toEqual([2n ** 64n - 1n])
    expect(() => decode({ ...INT64, signed: false }, unsigned, { int64: 'number' })).toThrow(
      '18446744073709551615',
    )
  })

  test('choose how decimals are represented', () => {
    const type: DataType = { kind: 'decimal', bitWidth: 128, precision: 38, scale: 2 }
    const data = column(1, [null, BigInt64Array.of(12_340n, 0n)])
    expect(decode(type, data)).toEqual(['123.40'])
    expect(decode(type, data, { decimal: 'number' })).toEqual([123.4])
    const wide = column(1, [null, BigInt64Array.of(1n, 1n)])
    expect(decode(type, wide)).toEqual(['184467440737095516.17'])
    expect(() => decode(type, wide, { decimal: 'number' })).toThrow('"column"')
  })

  test.each([
    ['second', 1n, '1970-01-01T00:00:01.000Z', 1_000_000_000n],
    ['millisecond', -1n, '1969-12-31T23:59:59.999Z', -1_000_000n],
    ['microsecond', 1_714_564_800_123_456n, '2024-05-01T12:00:00.123456Z', 1_714_564_800_123_456_000n],
    ['nanosecond', -(2n ** 63n), '1677-09-21T00:12:43.145224192Z', -(2n ** 63n)],
    ['nanosecond', 2n ** 63n - 1n, '2262-04-11T23:47:16.854775807Z', 2n ** 63n - 1n],
    ['second', -8_640_000_000_000n, '-271821-04-20T00:00:00.000Z', -8_640_000_000_000n * 10n ** 9n],
  ] as const)('choose how a timestamp in %ss (%s) is represented', (unit, count, text, nanoseconds) => {
    const type: DataType = { kind: 'timestamp', unit, timezone: 'UTC' }
    const data = column(1, [null, BigInt64Array.of(count)])
    const [timestamp] = decode(type, data) as [Timestamp]
    expect(timestamp).toBeInstanceOf(Timestamp)
    expect(timestamp.epochNanoseconds).toBe(nanoseconds)
    expect(decode(type, data, { timestamp: 'string' })).toEqual([text])
    expect(decode(type, data, { timestamp: 'bigint' })).toEqual([count])
    const [date] = decode(type, data, { timestamp: 'date' }) as [Date]
    expect(Object.getPrototypeOf(date)).toBe(Date.prototype)
    expect(date.getTime()).toBe(timestamp.getTime())
  })

  test('keep timestamps beyond the years of a Date exact, and refuse them as plain dates', () => {
    const type: DataType = { kind: 'timestamp', unit: 'microsecond', timezone: null }
    const data = column(1, [null, BigInt64Array.of(2n ** 63n - 1n)])
    const [timestamp] = decode(type, data) as [Timestamp]
    expect(timestamp.epochNanoseconds).toBe((2n ** 63n - 1n) * 1000n)
    expect(decode(type, data, { timestamp: 'string' })).toEqual(['+294247-01-10T04:00:54.775807Z'])
    expect(decode(type, data, { timestamp: 'bigint' })).toEqual([2n ** 63n - 1n])
    expect(() => decode(type, data, { timestamp: 'date' })).toThrow(
      /Column "column": \+294247-01-10T04:00:54.775807Z is beyond/,
    )
  })
})

describe('intervals', () => {
  test.each([
    ['yearMonth', Int32Array.of(14), { months: 14, days: 0, nanoseconds: 0n }],
    ['dayTime', Int32Array.of(3, -5), { months: 0, days: 3, nanoseconds: -5_000_000n }],
    ['monthDayNano', Int32Array.of(1, -2, 3, 0), { months: 1, days: -2, nanoseconds: 3n }],
  ] as const)('in %s take one shape', (unit, values, interval) => {
    expect(decode({ kind: 'interval', unit }, column(1, [null, values]))).toEqual([interval])
  })
})

describe('text', () => {
  const text = (bytes: Buffer, ...offsets: number[]) =>
    decode({ kind: 'utf8' }, column(offsets.length - 1, [null, Int32Array.from(offsets), bytes]))

  test('that is no UTF-8 is an error that names the column', () => {
    expect(() => text(Buffer.from([0xff]), 0, 1)).toThrow(/"column".*not valid UTF-8/)
    expect(() => text(Buffer.from('é'), 0, 1, 2)).toThrow(/not valid UTF-8/)
  })

  test('may hold the replacement character and a byte order mark', () => {
    expect(text(Buffer.from('\ufffd\ufeff'), 0, 3, 6)).toEqual(['\ufffd', '\ufeff'])
  })

  test.each([1, 2, 8, 9, 12, 13, 16, 17, 300])('of %i characters is read alone and among many', (length) => {
    const word = 'abcdefghijklmnopqrstuvwxyz'.repeat(12).slice(0, length)
    expect(text(Buffer.from(word), 0, length)).toEqual([word])
    const many = Array.from({ length: 101 }, (_, i) => i * length)
    expect(text(Buffer.from(word.repeat(100)), ...many)).toEqual(Array(100).fill(word))
  })

  test('need not begin where its data does', () => {
    expect(
      text(
        Buffer.from('skipped words and some more to pass the length from which text is shared'),
        8,
        13,
        13,
      ),
    ).toEqual(['words', ''])
  })
})

describe('layouts', () => {
  test('an array without values needs no offsets', () => {
    const listType: DataType = { kind: 'list', child: field('item', { kind: 'utf8' }) }
    const nothing = column(0, [null, NOTHING, NOTHING])
    expect(decode({ kind: 'utf8' }, nothing)).toEqual([])
    expect(decode(listType, column(2, [null, new Int32Array(3)], { children: [nothing] }))).toEqual([[], []])
  })

  test('nulls without a bitmap are an error', () => {
    expect(() => decode(INT32, column(1, [null, Int32Array.of(1)], { nullCount: 1 }))).toThrow(
      'validity bitmap',
    )
  })

  test('maps with a repeated key are refused rather than shortened', () => {
    const entries: DataType = {
      kind: 'struct',
      children: [field('key', INT32, false), field('value', INT32)],
    }
    const pairs = column(2, [null], {
      children: [column(2, [null, Int32Array.of(5, 5)]), column(2, [null, Int32Array.of(1, 2)])],
    })
    const type: DataType = { kind: 'map', keysSorted: false, entries: field('entries', entries, false) }
    const map = column(1, [null, Int32Array.of(0, 2)], { children: [pairs] })
    expect(() => decode(type, map)).toThrow(/"column".*same key twice/)
  })
})

describe('hostile messages', () => {
  /** A message whose header is the root of what `write` writes. */
  function message(kind: number, write: (writer: FlatbufferWriter) => number, bodyLength = 0): Uint8Array {
    const writer = new FlatbufferWriter()
    const header = write(writer)
    return writer.finish(
      writer.table([
        { as: 'int16', value: 4 },
        { as: 'int8', value: kind },
        { as: 'offset', value: header },
        { as: 'int64', value: bodyLength },
      ]),
    )
  }

  function recordBatch(rows: number, nodes: number[], buffers: number[]): Uint8Array {
    return message(3, (writer) => {
      const nodeVector = writer.longVector(nodes, 2)
      const bufferVector = writer.longVector(buffers, 2)
      return writer.table([
        { as: 'int64', value: rows },
        { as: 'offset', value: nodeVector },
        { as: 'offset', value: bufferVector },
      ])
    })
  }

  test('that claim rows without bytes for them are refused, up to what columns without bytes need', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema({ fields: [], metadata: NO_METADATA }), NOTHING)
    expect(() => decoder.push(recordBatch(2 ** 40, [], []), NOTHING)).toThrow('can stand for')
    expect(decoder.push(recordBatch(100_000, [], []), NOTHING)!.rowCount).toBe(100_000)
    decoder.push(encodeSchema(schemaOf({ kind: 'null' })), NOTHING)
    expect(() => decoder.push(recordBatch(2 ** 40, [2 ** 40, 2 ** 40], []), NOTHING)).toThrow('can stand for')
  })

  test('whose list views repeat one list without end stop at the limit', () => {
    const child = column(1000, [null, new Int8Array(1000)])
    const type: DataType = {
      kind: 'listView',
      child: field('item', { kind: 'int', bitWidth: 8, signed: true }),
    }
    const views = column(1000, [null, new Int32Array(1000), new Int32Array(1000).fill(1000)], {
      children: [child],
    })
    expect(() => decode(type, views, {}, 1 << 20)).toThrow(/expand to more than 1048576 bytes/)
  })

  test('whose text views repeat one text without end stop at the limit', () => {
    const views = new Int32Array(4 * 1000)
    for (let i = 0; i < 1000; i++) views.set([4000, 0, 0, 0], 4 * i)
    const data = column(1000, [null, views, Buffer.alloc(4000, 'x')], { variadicCount: 1 })
    expect(() => decode({ kind: 'utf8View' }, data, {}, 1 << 20)).toThrow(/expand to more than/)
    expect(decode({ kind: 'utf8View' }, data)).toHaveLength(1000)
  })

  describe('in which few bytes stand for many values stop at the limit', () => {
    const LIMIT = 1 << 20
    const rows = 1000
    const long = column(1, [null, Int32Array.of(0, 4000), Buffer.alloc(4000, 'x')])
    const many = column(rows, [null, new Int32Array(rows), new Int32Array(rows).fill(rows)])
    const timestamp: DataType = { kind: 'timestamp', unit: 'second', timezone: null }

    test.each<[string, DataType, ColumnData]>([
      [
        'runs of one text',
        { kind: 'runEndEncoded', runEnds: field('', INT32, false), values: field('', { kind: 'utf8' }) },
        column(rows, [], { children: [column(1, [null, Int32Array.of(rows)]), long] }),
      ],
      [
        'a dense union that repeats one text',
        { kind: 'union', mode: 'dense', typeIds: [0], children: [field('text', { kind: 'utf8' })] },
        column(rows, [new Int8Array(rows), new Int32Array(rows)], { children: [long] }),
      ],
      [
        'list views of one text',
        { kind: 'listView', child: field('item', { kind: 'utf8' }) },
        column(rows, [null, new Int32Array(rows), new Int32Array(rows).fill(1)], { children: [long] }),
      ],
      [
        'list views of the same instants',
        { kind: 'listView', child: field('item', timestamp) },
        { ...many, children: [column(rows, [null, new BigInt64Array(rows)])] },
      ],
      [
        'list views of the same empty objects',
        { kind: 'listView', child: field('item', { kind: 'struct', children: [] }) },
        { ...many, children: [column(rows, [null])] },
      ],
      [
        'list views of the same empty bytes',
        { kind: 'listView', child: field('item', { kind: 'fixedSizeBinary', byteWidth: 0 }) },
        { ...many, children: [column(rows, [null, NOTHING])] },
      ],
    ])('%s', (_, type, data) => {
      expect(() => decode(type, data, {}, LIMIT)).toThrow(LimitError)
      // Not for what they are, but for how much of it there is.
      expect(decode(type, { ...data, length: 2, children: ofTwoRows(type, data) }, {}, LIMIT)).toHaveLength(2)
    })

    /** Runs have to end where the array does. */
    function ofTwoRows(type: DataType, data: ColumnData): readonly ColumnData[] {
      if (type.kind !== 'runEndEncoded') return data.children
      return [column(1, [null, Int32Array.of(2)]), data.children[1]!]
    }

    test('dictionary values that every row has for itself', () => {
      const type: DataType = {
        kind: 'dictionary',
        id: 1n,
        index: INT8,
        value: { kind: 'list', child: field('item', { kind: 'utf8' }) },
        ordered: false,
      }
      const values = column(1, [null, Int32Array.of(0, 1)], { children: [long] })
      const data = column(rows, [null, new Int8Array(rows)], { dictionary: { type: type.value, values } })
      expect(() => decode(type, data, {}, LIMIT)).toThrow(LimitError)
    })

    test('columns without bytes', () => {
      const fields = Array.from({ length: 100 }, (_, i) => field(`c${i}`, { kind: 'null' }))
      const decoder = new StreamDecoder({ maxDecompressedBytes: LIMIT })
      decoder.push(encodeSchema({ fields, metadata: NO_METADATA }), NOTHING)
      const batch = (length: number) =>
        recordBatch(
          length,
          fields.flatMap(() => [length, length]),
          [],
        )
      expect(decoder.push(batch(1000), NOTHING)!.rowCount).toBe(1000)
      expect(() => decoder.push(batch(1_000_000), NOTHING)).toThrow(LimitError)
    })

    test('columns over the same bytes', () => {
      const fields = Array.from({ length: 100 }, (_, i) => field(`c${i}`, INT64))
      const decoder = new StreamDecoder({ maxDecompressedBytes: LIMIT })
      decoder.push(encodeSchema({ fields, metadata: NO_METADATA }), NOTHING)
      const overlapping = recordBatch(
        1000,
        fields.flatMap(() => [1000, 0]),
        fields.flatMap(() => [0, 0, 0, 8000]),
      )
      expect(() => decoder.push(overlapping, new Uint8Array(8000))).toThrow(/buffers overlap/)
    })
  })

  test('with types nested too deep, or tables that contain themselves, are refused', () => {
    let type: DataType = INT32
    for (let depth = 0; depth < 70; depth++) type = { kind: 'list', child: field('item', type) }
    expect(() => new StreamDecoder().push(encodeSchema(schemaOf(type)), NOTHING)).toThrow('nested deeper')

    const cyclic = encodeSchema(schemaOf({ kind: 'list', child: field('item', INT32) }))
    const view = new DataView(cyclic.buffer, cyclic.byteOffset, cyclic.length)
    let cycles = 0
    for (let at = 0; at + 4 <= cyclic.length; at += 4) {
      const original = view.getUint32(at, true)
      for (let target = 0; target < cyclic.length; target += 4) {
        view.setUint32(at, (target - at) >>> 0, true)
        try {
          new StreamDecoder().push(cyclic, NOTHING)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(PROTOCOL|UNSUPPORTED)$/) })
          cycles++
        }
      }
      view.setUint32(at, original, true)
    }
    expect(cycles).toBeGreaterThan(1000)
  })

  test('in big-endian byte order are refused in so many words', () => {
    const bigEndian = message(1, (writer) => {
      const fields = writer.offsetVector([])
      return writer.table([
        { as: 'int16', value: 1 },
        { as: 'offset', value: fields },
      ])
    })
    expect(() => new StreamDecoder().push(bigEndian, NOTHING)).toThrow(/big-endian/)
  })

  test('of other kinds and versions are refused', () => {
    expect(() =>
      new StreamDecoder().push(
        message(4, (w) => w.table([])),
        NOTHING,
      ),
    ).toThrow('message kind 4')
    expect(() => new StreamDecoder().push(NOTHING, NOTHING)).toThrow('outside its 0 bytes')
  })

  test('a file whose batches overlap is refused', () => {
    const bytes = new Uint8Array(readFileSync(new URL('../fixtures/arrow/file-lz4.arrow', import.meta.url)))
    const batches = readIpc(bytes).batches.length
    const end = bytes.length - 10
    const footer = bytes.subarray(end - new DataView(bytes.buffer, end, 4).getInt32(0, true), end)
    const reader = new FlatBuffer(footer)
    const vector = reader.vector(reader.root(), 3, 24)
    expect(reader.vectorLength(vector)).toBe(batches)
    for (let i = 1; i < batches; i++) footer.copyWithin(vector + 4 + 24 * i, vector + 4, vector + 28)
    expect(() => readIpc(bytes)).toThrow('overlap')
  })

  test('a file or stream that was cut off is no shorter result', () => {
    expect(() => readIpc(NOTHING)).toThrow('no schema')
    expect(() => rowsFromIpc(Buffer.from('ARROW1\0\0 and no more'))).toThrow('cut off')
  })
})
