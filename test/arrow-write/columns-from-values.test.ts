import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { rowsFromIpc } from '../../src/arrow/ipc-stream.ts'
import { frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { type DataType, type Field, field, type IntType, NO_METADATA } from '../../src/arrow/schema.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { typeName } from '../../src/arrow/type-name.ts'
import { RowValidationError } from '../../src/errors.ts'
import { rareSampleColumns, sampleColumns } from './sample-columns.ts'

type Rows = Record<string, unknown>[]

function throughIpc(fields: readonly Field[], rows: Rows): Rows {
  const schema = { fields, metadata: NO_METADATA }
  const batch = { length: rows.length, columns: columnsFromRows(schema, rows) }
  return rowsFromIpc(joined(frameIpcStream(schema, [batch])))
}

function joined(parts: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...parts]))
}

/** What is read back when these values are written to a column of a type. */
function readBack(type: DataType, values: readonly unknown[]): unknown[] {
  return throughIpc(
    [field('column', type)],
    values.map((value) => ({ column: value })),
  ).map((row) => row.column)
}

const int = (bitWidth: 8 | 16 | 32 | 64, signed = true): IntType => ({ kind: 'int', bitWidth, signed })
const utf8: DataType = { kind: 'utf8' }
const nanoseconds: DataType = { kind: 'timestamp', unit: 'nanosecond', timezone: null }
const mapType: DataType = {
  kind: 'map',
  keysSorted: false,
  entries: field(
    'entries',
    { kind: 'struct', children: [field('key', utf8, false), field('value', int(32))] },
    false,
  ),
}

describe('columns written by hand', () => {
  it.each([...sampleColumns(), ...rareSampleColumns()].map((s) => [s.field.name, s] as const))(
    '%s reads back as its values, and so do those values written again',
    (name, sample) => {
      const schema = { fields: [sample.field], metadata: NO_METADATA }
      const bytes = joined(frameIpcStream(schema, [{ length: 3, columns: [sample.column] }]))
      const rows = rowsFromIpc(bytes)
      const plain = rows
        .map((row) => row[name])
        .map((v) => (v instanceof Timestamp ? units(sample.field.type, v) : v))
      deepStrictEqual(plain, sample.values)
      deepStrictEqual(throughIpc(schema.fields, rows), rows)
    },
  )
})

function units(type: DataType, timestamp: Timestamp): bigint {
  return type.kind === 'timestamp' && type.unit === 'second'
    ? timestamp.epochNanoseconds / 1_000_000_000n
    : timestamp.epochNanoseconds
}

let nextDictionary = 1n

/** Arbitrary values of arbitrary types, as this package reads them. */
const leaf: fc.Arbitrary<[DataType, fc.Arbitrary<unknown>]> = fc.constantFrom<
  [DataType, fc.Arbitrary<unknown>]
>(
  [{ kind: 'bool' }, fc.boolean()],
  [int(8), fc.integer({ min: -128, max: 127 })],
  [int(16, false), fc.integer({ min: 0, max: 65535 })],
  [int(32), fc.integer()],
  [int(64), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [int(64, false), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  [{ kind: 'float', bitWidth: 64 }, fc.double()],
  [{ kind: 'float', bitWidth: 32 }, fc.float()],
  [{ kind: 'float', bitWidth: 16 }, fc.integer({ min: -2048, max: 2048 })],
  [utf8, fc.string({ unit: 'grapheme' })],
  [{ kind: 'largeUtf8' }, fc.string()],
  [{ kind: 'utf8View' }, fc.string({ unit: 'grapheme', maxLength: 30 })],
  [{ kind: 'binary' }, fc.uint8Array()],
  [{ kind: 'binaryView' }, fc.uint8Array({ maxLength: 40 })],
  [{ kind: 'fixedSizeBinary', byteWidth: 3 }, fc.uint8Array({ minLength: 3, maxLength: 3 })],
  [
    { kind: 'decimal', bitWidth: 128, precision: 38, scale: 0 },
    fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(String),
  ],
  [
    { kind: 'decimal', bitWidth: 256, precision: 76, scale: 0 },
    fc.bigInt({ min: -(10n ** 76n) + 1n, max: 10n ** 76n - 1n }).map(String),
  ],
  [
    { kind: 'decimal', bitWidth: 64, precision: 5, scale: 2 },
    fc.integer({ min: -99999, max: 99999 }).map((cents) => (cents / 100).toFixed(2)),
  ],
  [
    { kind: 'date', unit: 'day' },
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString().split('T')[0]),
  ],
  [nanoseconds, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Timestamp.fromEpochNanoseconds)],
  [
    { kind: 'timestamp', unit: 'second', timezone: 'Europe/Berlin' },
    fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }).map((seconds) => Timestamp.fromUnits(seconds, 'second')),
  ],
  [{ kind: 'duration', unit: 'second' }, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [
    { kind: 'interval', unit: 'monthDayNano' },
    fc.record(
      {
        months: fc.integer(),
        days: fc.integer(),
        nanoseconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      },
      { noNullPrototype: true },
    ),
  ],
)

const column: fc.Arbitrary<[DataType, fc.Arbitrary<unknown>]> = fc.letrec<{
  column: [DataType, fc.Arbitrary<unknown>]
}>((tie) => ({
  column: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom('list' as const, 'largeList' as const, 'listView' as const), tie('column'))
      .map(([kind, [type, values]]): [DataType, fc.Arbitrary<unknown>] => [
        { kind, child: field('item', type) },
        fc.array(fc.option(values), { maxLength: 4 }),
      ]),
    tie('column').map(([type, values]): [DataType, fc.Arbitrary<unknown>] => [
      { kind: 'fixedSizeList', size: 2, child: field('item', type) },
      fc.array(fc.option(values), { minLength: 2, maxLength: 2 }),
    ]),
    fc
      .tuple(tie('column'), tie('column'))
      .map(([[a, aValues], [b, bValues]]): [DataType, fc.Arbitrary<unknown>] => [
        { kind: 'struct', children: [field('a', a), field('__proto__', b)] },
        fc.tuple(fc.option(aValues), fc.option(bValues)).map(([x, y]) =>
          Object.fromEntries([
            ['a', x],
            ['__proto__', y],
          ]),
        ),
      ]),
    tie('column').map(([type, values]): [DataType, fc.Arbitrary<unknown>] => [
      {
        kind: 'map',
        keysSorted: false,
        entries: field(
          'entries',
          { kind: 'struct', children: [field('key', utf8, false), field('value', type)] },
          false,
        ),
      },
      fc
        .uniqueArray(fc.tuple(fc.string(), fc.option(values)), { selector: ([key]) => key, maxLength: 4 })
        .map((entries) => new Map(entries)),
    ]),
    fc
      .tuple(fc.constantFrom(int(8), int(32)), leaf)
      .map(([index, [type, values]]): [DataType, fc.Arbitrary<unknown>] => [
        { kind: 'dictionary', id: nextDictionary++, index, value: type, ordered: false },
        values,
      ]),
  ),
})).column

describe('any values of any types', () => {
  it('survive being written and read', () => {
    const cases = column.chain(([type, values]) =>
      fc.tuple(fc.constant(type), fc.array(fc.option(values), { maxLength: 20 })),
    )
    fc.assert(
      fc.property(cases, ([type, values]) => {
        deepStrictEqual(readBack(type, values), values, typeName(type))
      }),
      { numRuns: 300 },
    )
  })
})

describe('values of unions', () => {
  const union = (...types: DataType[]): DataType => ({
    kind: 'union',
    mode: 'dense',
    typeIds: types.map((_, i) => i),
    children: types.map((type, i) => field(`${i}`, type)),
  })
  const float = (bitWidth: 16 | 32 | 64): DataType => ({ kind: 'float', bitWidth })

  it.each<[DataType, unknown[]]>([
    [union(int(32), int(64)), [5n, 5, 2n ** 40n]],
    [union(int(64), float(32), int(16)), [7n, 7, 0.5, -0]],
    [union(float(16), float(32), int(32)), [1.5, 4_294_967, 2 ** 31 - 1]],
    [union(nanoseconds, { kind: 'duration', unit: 'second' }), [9n, new Timestamp(9)]],
    [union({ kind: 'decimal', bitWidth: 128, precision: 9, scale: 2 }, utf8), ['1.5', 'x']],
    [union(mapType, { kind: 'list', child: field('item', utf8) }), [[], new Map()]],
  ])('%o reads back as what was written', (type, values) => {
    deepStrictEqual(readBack(type, values), values)
  })
})

describe('other spellings of a value', () => {
  it.each<[DataType, unknown, unknown]>([
    [int(64), 5, 5n],
    [int(64), '-5', -5n],
    [int(32), 5n, 5],
    [{ kind: 'float', bitWidth: 64 }, 2n ** 60n, 2 ** 60],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 }, 1.5, '1.50'],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 }, 7n, '7.00'],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 }, '1.5000', '1.50'],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 }, '-.5', '-0.50'],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: 2 }, '1e3', '1000.00'],
    [{ kind: 'decimal', bitWidth: 128, precision: 10, scale: -2 }, '1500', '1500'],
    [{ kind: 'date', unit: 'day' }, new Date('2024-02-29'), '2024-02-29'],
    [{ kind: 'date', unit: 'millisecond' }, '0001-01-01', '0001-01-01'],
    [{ kind: 'date', unit: 'millisecond' }, '1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    [{ kind: 'float', bitWidth: 32 }, 0.1, Math.fround(0.1)],
    [{ kind: 'float', bitWidth: 32 }, 2n ** 100n, 2 ** 100],
    [{ kind: 'float', bitWidth: 32 }, -Infinity, -Infinity],
    [
      { kind: 'dictionary', id: 1n, index: int(8), value: { kind: 'float', bitWidth: 64 }, ordered: false },
      -0,
      -0,
    ],
    [{ kind: 'time', unit: 'microsecond', bitWidth: 64 }, '23:59', '23:59:00'],
    [{ kind: 'time', unit: 'second', bitWidth: 32 }, 60n, '00:01:00'],
    [nanoseconds, new Date(5), Timestamp.fromEpochNanoseconds(5_000_000n)],
    [nanoseconds, '1970-01-01 00:00:00.000000001', Timestamp.fromEpochNanoseconds(1n)],
    [nanoseconds, '1970-01-01T01:00:00+01:00', Timestamp.fromEpochNanoseconds(0n)],
    [nanoseconds, '1970-01-02', Timestamp.fromEpochNanoseconds(86_400_000_000_000n)],
    [nanoseconds, 7n, Timestamp.fromEpochNanoseconds(7n)],
    [{ kind: 'list', child: field('item', int(32)) }, Int32Array.of(1, 2), [1, 2]],
    [{ kind: 'binary' }, Uint8Array.of(1, 2).buffer, Uint8Array.of(1, 2)],
    [{ kind: 'interval', unit: 'yearMonth' }, { months: 3 }, { months: 3, days: 0, nanoseconds: 0n }],
  ])('%o takes %o', (type, given, read) => {
    deepStrictEqual(readBack(type, [given]), [read])
  })

  it('go by the keys of rows where several columns or members have one name', () => {
    const fields = [
      field('a', utf8),
      field('a', int(32)),
      field('s', { kind: 'struct', children: [field('x', utf8), field('x', utf8)] }),
    ]
    const rows = [{ a: 'x', 'a:1': 5, s: { x: '1', 'x:1': '2' } }]
    deepStrictEqual(throughIpc(fields, rows), rows)
  })

  it('includes objects and pairs for maps, and absence for null', () => {
    deepStrictEqual(readBack(mapType, [{ a: 1 }, [['b', 2]], undefined]), [
      new Map([['a', 1]]),
      new Map([['b', 2]]),
      null,
    ])
    deepStrictEqual(throughIpc([field('a', utf8), field('b', utf8)], [{ a: 'x' }]), [{ a: 'x', b: null }])
  })
})

describe('values that do not fit', () => {
  const refusal = (fields: Field[], rows: Rows): RowValidationError => {
    try {
      columnsFromRows({ fields, metadata: NO_METADATA }, rows, 100)
    } catch (error) {
      if (error instanceof RowValidationError) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  it.each<[DataType, unknown, RegExp]>([
    [int(8), 128, /128 is out of range/],
    [int(64, false), -1n, /-1n is out of range/],
    [int(64), 2 ** 53, /give a bigint/],
    [int(64), 1.5, /not a whole number/],
    [int(64), '1.5', /not the text of a whole number/],
    [int(64), true, /true is not a number/],
    [{ kind: 'bool' }, 1, /not a boolean/],
    [utf8, 5, /5 is not a string/],
    [utf8, 'a\ud800', /half a surrogate/],
    [{ kind: 'float', bitWidth: 64 }, '5', /"5" is not a number/],
    [{ kind: 'binary' }, 'ff', /not a Uint8Array/],
    [{ kind: 'fixedSizeBinary', byteWidth: 4 }, Uint8Array.of(1), /1 bytes are not the 4 bytes/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, '100', /more than 4 digits/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, '1.005', /more digits after the point/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, 'abc', /not a decimal number/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, Number.NaN, /not a decimal number/],
    [{ kind: 'date', unit: 'day' }, '2023-02-30', /not a day/],
    [{ kind: 'date', unit: 'day' }, new Date('2024-01-01T12:00Z'), /time of day/],
    [{ kind: 'date', unit: 'day' }, '+5881580-07-12', /out of range/],
    [{ kind: 'date', unit: 'millisecond' }, '+292278994-08-18', /out of range/],
    [{ kind: 'date', unit: 'millisecond' }, '1970-01-01T00:00:00.0001Z', /digits below a millisecond/],
    [{ kind: 'float', bitWidth: 32 }, 1e39, /out of range/],
    [{ kind: 'float', bitWidth: 32 }, 2 ** 128 - 2 ** 103, /out of range/],
    [{ kind: 'float', bitWidth: 32 }, 2n ** 24n + 1n, /more digits than a float/],
    [{ kind: 'float', bitWidth: 16 }, 65_520, /out of range/],
    [{ kind: 'float', bitWidth: 64 }, 2n ** 53n + 1n, /more digits than a float/],
    [{ kind: 'decimal', bitWidth: 32, precision: 12, scale: 0 }, '4294967296', /out of range/],
    [{ kind: 'time', unit: 'second', bitWidth: 32 }, '12:00:00.5', /digits below a second/],
    [
      { kind: 'timestamp', unit: 'millisecond', timezone: null },
      Timestamp.fromEpochNanoseconds(1n),
      /below a millisecond/,
    ],
    [{ kind: 'timestamp', unit: 'nanosecond', timezone: null }, '9999-01-01', /out of range/],
    [
      { kind: 'timestamp', unit: 'second', timezone: 'Europe/Berlin' },
      '2024-01-01T00:00:00',
      /no zone offset/,
    ],
    [{ kind: 'timestamp', unit: 'second', timezone: null }, 5, /neither a Date/],
    [{ kind: 'interval', unit: 'yearMonth' }, { days: 1 }, /more than months/],
    [{ kind: 'interval', unit: 'monthDayNano' }, { hours: 1 }, /not an interval/],
    [{ kind: 'interval', unit: 'monthDayNano' }, [1, 2, 3], /not an interval/],
    [{ kind: 'interval', unit: 'monthDayNano' }, new Date(1), /not an interval/],
    [{ kind: 'struct', children: [field('a', utf8)] }, new Map([['a', 'x']]), /not an object/],
    [mapType, new Set(['a']), /neither a Map nor an object/],
    [mapType, new Date(1), /neither a Map nor an object/],
    [{ kind: 'fixedSizeList', size: 2, child: field('item', utf8) }, ['a'], /has 1 items/],
    [{ kind: 'struct', children: [field('a', utf8)] }, { a: 'x', b: 'y' }, /"b" that the struct lacks/],
    [{ kind: 'null' }, 1, /type Null/],
    [
      { kind: 'union', mode: 'dense', typeIds: [0], children: [field('a', int(8))] },
      'x',
      /none of the types/,
    ],
  ])('%o refuses %o', (type, value, message) => {
    const error = refusal([field('column', type)], [{ column: null }, { column: value }])
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({ code: 'INVALID_ROW', row: 101, column: 'column' })
    expect(error.value).toBe(value)
  })

  it('are named by their path', () => {
    const nested = field('orders', {
      kind: 'list',
      child: field('item', {
        kind: 'struct',
        children: [field('id', int(32)), field('tags', { kind: 'list', child: field('item', utf8) })],
      }),
    })
    const error = refusal(
      [nested],
      [
        {
          orders: [
            { id: 1, tags: [] },
            { id: 2, tags: ['a'] },
          ],
        },
        { orders: null },
        { orders: [{ id: 3 }, { id: 4, tags: ['b', 5] }] },
      ],
    )
    expect(error.message).toBe('Row 102, column orders[1].tags[1]: 5 is not a string.')
  })

  it('include null where the field is not nullable', () => {
    expect(refusal([field('a', utf8, false)], [{}]).message).toMatch(
      /Row 100, column a: undefined .* not nullable/,
    )
    const struct = field('s', { kind: 'struct', children: [field('a', utf8, false)] })
    expect(refusal([struct], [{ s: null }, { s: { a: null } }]).message).toMatch(/Row 101, column s\.a/)
  })

  it('include properties without a column, inherited ones for columns, and rows that are none', () => {
    expect(refusal([field('a', utf8)], [{ a: 'x', b: 'y' }]).message).toMatch(/column b: "y" has no column/)
    expect(refusal([field('toString', utf8, false)], [{}]).message).toMatch(/undefined/)
    expect(refusal([field('a', utf8)], [['x'] as never]).message).toMatch(/is not a row/)
    expect(refusal([field('a', utf8)], [new Map([['a', 'x']]) as never]).message).toMatch(/is not a row/)
    expect(refusal([field('a', utf8)], [null as never]).message).toMatch(/is not a row/)
  })

  it('include more distinct values than a dictionary can index', () => {
    const type: DataType = { kind: 'dictionary', id: 0n, index: int(8), value: utf8, ordered: false }
    const rows = Array.from({ length: 129 }, (_, i) => ({ column: `value ${i}` }))
    expect(() =>
      columnsFromRows({ fields: [field('column', type)], metadata: NO_METADATA }, rows.slice(1)),
    ).not.toThrow()
    expect(refusal([field('column', type)], rows).message).toMatch(/dictionary indices/)
  })
})

it('rounds half-precision floats to the nearest, ties to even', () => {
  const half: DataType = { kind: 'float', bitWidth: 16 }
  const given = [
    2049,
    2051,
    65519,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    0.1,
    -0,
    Number.NaN,
    -Infinity,
    2 ** -14,
    0.99999,
  ]
  const read = [
    2048,
    2052,
    65504,
    2 ** -24,
    0,
    2 ** -24,
    0.0999755859375,
    -0,
    Number.NaN,
    -Infinity,
    2 ** -14,
    1,
  ]
  deepStrictEqual(readBack(half, given), read)
})
