import { deepStrictEqual } from 'node:assert'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { rowsFromIpc } from '../../src/arrow/ipc-stream.ts'
import { frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA } from '../../src/arrow/schema.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { RowValidationError } from '../../src/errors.ts'
import { int, joined, mapType, nanoseconds, readBack, throughIpc, utf8 } from './read-back.ts'
import { rareSampleColumns, sampleColumns } from './sample-columns.ts'

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

  it('includes those another realm made, whose classes are not ours', () => {
    const foreign = (source: string): unknown => runInNewContext(source)
    deepStrictEqual(readBack(nanoseconds, [foreign('new Date(5)')]), [new Timestamp(5)])
    deepStrictEqual(readBack({ kind: 'date', unit: 'day' }, [foreign('new Date(0)')]), ['1970-01-01'])
    deepStrictEqual(readBack({ kind: 'binary' }, [foreign('Uint8Array.of(1)')]), [Uint8Array.of(1)])
    deepStrictEqual(readBack({ kind: 'binary' }, [foreign('Uint8Array.of(1).buffer')]), [Uint8Array.of(1)])
    deepStrictEqual(readBack(mapType, [foreign('new Map([["a", 1]])')]), [new Map([['a', 1]])])
    const children = [field('a', int(32))]
    deepStrictEqual(readBack({ kind: 'struct', children }, [foreign('({ a: 1 })')]), [{ a: 1 }])
    for (const source of ['new Date(5)', 'new Map()', 'new Set()', 'new ArrayBuffer(1)']) {
      expect(() => readBack({ kind: 'struct', children }, [foreign(source)])).toThrow(RowValidationError)
    }
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
