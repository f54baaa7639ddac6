import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type DataType, field } from '../../src/arrow/schema.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { typeName } from '../../src/arrow/type-name.ts'
import { int, nanoseconds, readBack, utf8 } from './read-back.ts'

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
