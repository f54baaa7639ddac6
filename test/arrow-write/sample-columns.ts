import type { ColumnData } from '../../src/arrow/column-data.ts'
import { type DataType, type Field, field, type IntType } from '../../src/arrow/schema.ts'

/** One column of three rows for a type, the second null where the type can say so, and what it means. */
export interface SampleColumn {
  readonly field: Field
  readonly column: ColumnData
  readonly values: readonly unknown[]
}

const int = (bitWidth: 8 | 16 | 32 | 64, signed = true): IntType => ({ kind: 'int', bitWidth, signed })

export function bytes(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** Validity of three rows with the middle one null. */
const MIDDLE_NULL = Uint8Array.of(0b101)

function leaf(values: ArrayBufferView | null, more: Array<Uint8Array | null> = []): ColumnData {
  const buffers = [MIDDLE_NULL, ...(values === null ? [] : [bytes(values)]), ...more]
  return { length: 3, nullCount: 1, buffers, children: [] }
}

function required(length: number, values: ArrayBufferView, more: Uint8Array[] = []): ColumnData {
  return { length, nullCount: 0, buffers: [null, bytes(values), ...more], children: [] }
}

function sample(name: string, type: DataType, column: ColumnData, values: readonly unknown[]): SampleColumn {
  return { field: field(name, type), column, values }
}

const encoder = new TextEncoder()
const strings = required(4, Int32Array.of(0, 1, 2, 3, 4), [encoder.encode('wxyz')])

/** A column of every type that the format's writers can be asked for. */
export function sampleColumns(): SampleColumn[] {
  const listItems = required(4, Int32Array.of(1, 2, 3, 4))
  const item = field('item', int(32))
  const samples = [
    sample('null', { kind: 'null' }, { length: 3, nullCount: 3, buffers: [], children: [] }, [
      null,
      null,
      null,
    ]),
    sample('bool', { kind: 'bool' }, leaf(Uint8Array.of(0b001)), [true, null, false]),
    sample('int8', int(8), leaf(Int8Array.of(-1, 0, 127)), [-1, null, 127]),
    sample('int16', int(16), leaf(Int16Array.of(-1, 0, 300)), [-1, null, 300]),
    sample('int32', int(32), leaf(Int32Array.of(-1, 0, 70000)), [-1, null, 70000]),
    sample('int64', int(64), leaf(BigInt64Array.of(-1n, 0n, 2n ** 62n)), [-1n, null, 2n ** 62n]),
    sample('uint8', int(8, false), leaf(Uint8Array.of(1, 0, 255)), [1, null, 255]),
    sample('uint16', int(16, false), leaf(Uint16Array.of(1, 0, 65535)), [1, null, 65535]),
    sample('uint32', int(32, false), leaf(Uint32Array.of(1, 0, 2 ** 32 - 1)), [1, null, 2 ** 32 - 1]),
    sample('uint64', int(64, false), leaf(BigUint64Array.of(1n, 0n, 2n ** 64n - 1n)), [
      1n,
      null,
      2n ** 64n - 1n,
    ]),
    sample('float16', { kind: 'float', bitWidth: 16 }, leaf(Uint16Array.of(0x3c00, 0, 0xc000)), [
      1,
      null,
      -2,
    ]),
    sample('float32', { kind: 'float', bitWidth: 32 }, leaf(Float32Array.of(1.5, 0, -2)), [1.5, null, -2]),
    sample('float64', { kind: 'float', bitWidth: 64 }, leaf(Float64Array.of(0.1, 0, -2)), [0.1, null, -2]),
    sample('utf8', { kind: 'utf8' }, leaf(Int32Array.of(0, 2, 2, 4), [encoder.encode('abé')]), [
      'ab',
      null,
      'é',
    ]),
    sample(
      'largeUtf8',
      { kind: 'largeUtf8' },
      leaf(BigInt64Array.of(0n, 2n, 2n, 4n), [encoder.encode('abé')]),
      ['ab', null, 'é'],
    ),
    sample('binary', { kind: 'binary' }, leaf(Int32Array.of(0, 2, 2, 3), [Uint8Array.of(1, 2, 3)]), [
      Uint8Array.of(1, 2),
      null,
      Uint8Array.of(3),
    ]),
    sample(
      'largeBinary',
      { kind: 'largeBinary' },
      leaf(BigInt64Array.of(0n, 2n, 2n, 3n), [Uint8Array.of(1, 2, 3)]),
      [Uint8Array.of(1, 2), null, Uint8Array.of(3)],
    ),
    sample(
      'fixedSizeBinary',
      { kind: 'fixedSizeBinary', byteWidth: 2 },
      leaf(Uint8Array.of(1, 2, 0, 0, 3, 4)),
      [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)],
    ),
    sample(
      'decimal128',
      { kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 },
      leaf(BigInt64Array.of(123n, 0n, 0n, 0n, -5n, -1n)),
      ['1.23', null, '-0.05'],
    ),
    sample(
      'decimal256',
      { kind: 'decimal', bitWidth: 256, precision: 40, scale: 0 },
      leaf(BigInt64Array.of(7n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, -7n, -1n, -1n, -1n)),
      ['7', null, '-7'],
    ),
    sample('date32', { kind: 'date', unit: 'day' }, leaf(Int32Array.of(1, 0, -1)), [
      '1970-01-02',
      null,
      '1969-12-31',
    ]),
    sample(
      'date64',
      { kind: 'date', unit: 'millisecond' },
      leaf(BigInt64Array.of(86_400_000n, 0n, -86_400_000n)),
      ['1970-01-02', null, '1969-12-31'],
    ),
    sample('time32', { kind: 'time', unit: 'second', bitWidth: 32 }, leaf(Int32Array.of(1, 0, 86_399)), [
      '00:00:01',
      null,
      '23:59:59',
    ]),
    sample(
      'time64',
      { kind: 'time', unit: 'nanosecond', bitWidth: 64 },
      leaf(BigInt64Array.of(1n, 0n, 3_600_000_000_000n)),
      ['00:00:00.000000001', null, '01:00:00'],
    ),
    sample(
      'timestamp',
      { kind: 'timestamp', unit: 'nanosecond', timezone: null },
      leaf(BigInt64Array.of(1n, 0n, -1n)),
      [1n, null, -1n],
    ),
    sample(
      'timestampUtc',
      { kind: 'timestamp', unit: 'second', timezone: 'UTC' },
      leaf(BigInt64Array.of(1n, 0n, -1n)),
      [1n, null, -1n],
    ),
    sample('duration', { kind: 'duration', unit: 'microsecond' }, leaf(BigInt64Array.of(1n, 0n, -1n)), [
      1n,
      null,
      -1n,
    ]),
    sample('yearMonth', { kind: 'interval', unit: 'yearMonth' }, leaf(Int32Array.of(14, 0, -1)), [
      { months: 14, days: 0, nanoseconds: 0n },
      null,
      { months: -1, days: 0, nanoseconds: 0n },
    ]),
    sample('dayTime', { kind: 'interval', unit: 'dayTime' }, leaf(Int32Array.of(2, 5, 0, 0, -1, 0)), [
      { months: 0, days: 2, nanoseconds: 5_000_000n },
      null,
      { months: 0, days: -1, nanoseconds: 0n },
    ]),
    sample(
      'monthDayNano',
      { kind: 'interval', unit: 'monthDayNano' },
      leaf(Int32Array.of(1, 2, 3, 0, 0, 0, 0, 0, -1, 0, 0, 0)),
      [{ months: 1, days: 2, nanoseconds: 3n }, null, { months: -1, days: 0, nanoseconds: 0n }],
    ),
    sample(
      'list',
      { kind: 'list', child: item },
      { ...leaf(Int32Array.of(0, 2, 2, 4)), children: [listItems] },
      [[1, 2], null, [3, 4]],
    ),
    sample(
      'largeList',
      { kind: 'largeList', child: item },
      { ...leaf(BigInt64Array.of(0n, 2n, 2n, 4n)), children: [listItems] },
      [[1, 2], null, [3, 4]],
    ),
    sample(
      'fixedSizeList',
      { kind: 'fixedSizeList', size: 1, child: item },
      { ...leaf(null), children: [required(3, Int32Array.of(1, 2, 3))] },
      [[1], null, [3]],
    ),
    sample(
      'struct',
      { kind: 'struct', children: [field('a', int(32)), field('b', { kind: 'utf8' })] },
      {
        ...leaf(null),
        children: [
          required(3, Int32Array.of(1, 2, 3)),
          required(3, Int32Array.of(0, 1, 2, 3), [encoder.encode('xyz')]),
        ],
      },
      [{ a: 1, b: 'x' }, null, { a: 3, b: 'z' }],
    ),
    sample(
      'map',
      {
        kind: 'map',
        keysSorted: false,
        entries: field(
          'entries',
          { kind: 'struct', children: [field('key', { kind: 'utf8' }, false), field('value', int(32))] },
          false,
        ),
      },
      {
        ...leaf(Int32Array.of(0, 2, 2, 4)),
        children: [{ length: 4, nullCount: 0, buffers: [null], children: [strings, listItems] }],
      },
      [
        new Map([
          ['w', 1],
          ['x', 2],
        ]),
        null,
        new Map([
          ['y', 3],
          ['z', 4],
        ]),
      ],
    ),
    sample(
      'denseUnion',
      { kind: 'union', mode: 'dense', typeIds: [0, 5], children: [item, field('s', { kind: 'utf8' })] },
      {
        length: 3,
        nullCount: 0,
        buffers: [bytes(Int8Array.of(0, 5, 0)), bytes(Int32Array.of(0, 3, 1))],
        children: [listItems, strings],
      },
      [1, 'z', 2],
    ),
    sample(
      'sparseUnion',
      { kind: 'union', mode: 'sparse', typeIds: [0, 1], children: [item, field('s', { kind: 'utf8' })] },
      {
        length: 3,
        nullCount: 0,
        buffers: [bytes(Int8Array.of(0, 1, 0))],
        children: [
          required(3, Int32Array.of(1, 2, 3)),
          required(3, Int32Array.of(0, 1, 2, 3), [encoder.encode('xyz')]),
        ],
      },
      [1, 'y', 3],
    ),
    sample(
      'dictionary',
      { kind: 'dictionary', id: 7n, index: int(8), value: { kind: 'utf8' }, ordered: false },
      { ...leaf(Int8Array.of(3, 0, 0)), dictionary: { type: { kind: 'utf8' }, values: strings } },
      ['z', null, 'w'],
    ),
  ]
  return samples
}

/** Types that apache-arrow's reader does not know; checked against other readers. */
export function rareSampleColumns(): SampleColumn[] {
  const item = field('item', int(32))
  const listItems = required(4, Int32Array.of(1, 2, 3, 4))
  const long = encoder.encode('a string that is out of line')
  const views = new Uint8Array(48)
  const view = new DataView(views.buffer)
  view.setInt32(0, 2, true)
  views.set(encoder.encode('ab'), 4)
  view.setInt32(32, long.length, true)
  views.set(long.subarray(0, 4), 36)
  const viewColumn: ColumnData = { ...leaf(views, [long]), variadicCount: 1 }
  const nested: DataType = {
    kind: 'dictionary',
    id: 1n,
    index: int(16),
    ordered: true,
    value: {
      kind: 'list',
      child: field('item', {
        kind: 'dictionary',
        id: 2n,
        index: int(32),
        value: { kind: 'utf8' },
        ordered: false,
      }),
    },
  }
  return [
    sample('utf8View', { kind: 'utf8View' }, viewColumn, ['ab', null, 'a string that is out of line']),
    sample('binaryView', { kind: 'binaryView' }, viewColumn, [encoder.encode('ab'), null, long]),
    sample(
      'listView',
      { kind: 'listView', child: item },
      { ...leaf(Int32Array.of(2, 0, 0), [bytes(Int32Array.of(2, 0, 3))]), children: [listItems] },
      [[3, 4], null, [1, 2, 3]],
    ),
    sample(
      'largeListView',
      { kind: 'largeListView', child: item },
      { ...leaf(BigInt64Array.of(2n, 0n, 0n), [bytes(BigInt64Array.of(2n, 0n, 3n))]), children: [listItems] },
      [[3, 4], null, [1, 2, 3]],
    ),
    sample(
      'runEndEncoded',
      { kind: 'runEndEncoded', runEnds: field('run_ends', int(32), false), values: field('values', int(64)) },
      {
        length: 3,
        nullCount: 0,
        buffers: [],
        children: [required(2, Int32Array.of(2, 3)), required(2, BigInt64Array.of(9n, 8n))],
      },
      [9n, 9n, 8n],
    ),
    sample(
      'decimal32',
      { kind: 'decimal', bitWidth: 32, precision: 5, scale: 1 },
      leaf(Int32Array.of(15, 0, -15)),
      ['1.5', null, '-1.5'],
    ),
    sample(
      'decimal64',
      { kind: 'decimal', bitWidth: 64, precision: 12, scale: 1 },
      leaf(BigInt64Array.of(15n, 0n, -15n)),
      ['1.5', null, '-1.5'],
    ),
    sample(
      'nestedDictionary',
      nested,
      {
        ...leaf(Int16Array.of(1, 0, 0)),
        dictionary: {
          type: nested.value,
          values: {
            length: 2,
            nullCount: 0,
            buffers: [null, bytes(Int32Array.of(0, 1, 3))],
            children: [
              {
                ...required(3, Int32Array.of(0, 1, 2)),
                dictionary: { type: { kind: 'utf8' }, values: strings },
              },
            ],
          },
        },
      },
      [['x', 'y'], null, ['w']],
    ),
  ]
}
