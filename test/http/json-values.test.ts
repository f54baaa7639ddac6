import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { JsonCursor } from '../../src/http/json-cursor.ts'
import { readInferred } from '../../src/http/json-inferred.ts'
import { decimalText, jsonReader } from '../../src/http/json-readers.ts'
import { readSerdeSchema } from '../../src/http/serde-schema.ts'

const cursor = (text: string) => new JsonCursor(Buffer.from(text))

describe('JSON read from bytes', () => {
  it('is what JSON.parse makes of it, where doubles are exact', () => {
    const values = fc.jsonValue({ maxDepth: 5 })
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const at = cursor(text)
        expect(readInferred(at)).toEqual(
          JSON.parse(text, (_, v) =>
            Number.isInteger(v) && !Number.isSafeInteger(v) && !/e/i.test(String(v)) ? BigInt(String(v)) : v,
          ),
        )
        at.finish()
        const skipped = cursor(text)
        skipped.skip()
        skipped.finish()
      }),
    )
  })

  it('keeps doubles to the last bit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = Object.is(value, -0) ? '-0.0' : String(value)
        expect(Object.is(cursor(text).double(), value)).toBe(true)
      }),
    )
  })

  it('keeps integers of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (value) => {
        expect(BigInt(cursor(String(value)).integer())).toBe(value)
      }),
    )
  })

  it.each([
    '',
    '{',
    '[1',
    '[1,',
    '{"a"',
    '{"a":',
    '"abc',
    '"\\',
    'nul',
    'tru',
    '-',
    '1.',
    '1e',
    '[1 2]',
    '{1:2}',
    '"\\x"',
    '[,]',
  ])('refuses %j', (text) => {
    const read = (step: (at: JsonCursor) => void) => {
      const at = cursor(text)
      step(at)
      at.finish()
    }
    expect(() => read((at) => readInferred(at))).toThrow(ProtocolError)
  })
})

describe('a schema as arrow-rs serialises it', () => {
  const typeOf = (data_type: unknown) =>
    readSerdeSchema({ fields: [{ name: 'v', data_type, nullable: true }] }).fields[0].type
  const child = { name: 'item', data_type: 'Int8', nullable: true }

  it.each<[unknown, object]>([
    ['UInt64', { kind: 'int', bitWidth: 64, signed: false }],
    ['Utf8View', { kind: 'utf8View' }],
    [{ FixedSizeBinary: 16 }, { kind: 'fixedSizeBinary', byteWidth: 16 }],
    [{ Timestamp: ['Nanosecond', 'UTC'] }, { kind: 'timestamp', unit: 'nanosecond', timezone: 'UTC' }],
    [{ Timestamp: ['Second', null] }, { kind: 'timestamp', unit: 'second', timezone: null }],
    [{ Time64: 'Microsecond' }, { kind: 'time', unit: 'microsecond', bitWidth: 64 }],
    [{ Duration: 'Millisecond' }, { kind: 'duration', unit: 'millisecond' }],
    [{ Interval: 'MonthDayNano' }, { kind: 'interval', unit: 'monthDayNano' }],
    [{ Decimal256: [76, -2] }, { kind: 'decimal', bitWidth: 256, precision: 76, scale: -2 }],
    [{ List: child }, { kind: 'list', child: { name: 'item' } }],
    [{ FixedSizeList: [child, 3] }, { kind: 'fixedSizeList', size: 3 }],
    [{ Struct: [child] }, { kind: 'struct', children: [{ name: 'item' }] }],
    [{ Dictionary: ['Int32', 'Utf8'] }, { kind: 'dictionary', value: { kind: 'utf8' } }],
    [{ RunEndEncoded: [child, child] }, { kind: 'runEndEncoded' }],
    [{ Union: [[[0, child]], 'Sparse'] }, { kind: 'union', mode: 'sparse', typeIds: [0] }],
    [{ Map: [{ name: 'entries', data_type: { Struct: [child, child] } }, false] }, { kind: 'map' }],
  ])('%j', (given, type) => {
    expect(typeOf(given)).toMatchObject(type)
  })

  it.each([
    'int64',
    { List: 5 },
    { Timestamp: ['Hour', null] },
    { Decimal128: ['a', 1] },
    {},
    7,
    { Map: [child, false] },
    null,
  ])('is refused: %j', (given) => {
    expect(() => typeOf(given)).toThrow(ProtocolError)
  })

  it('is refused when it nests without end', () => {
    let type: unknown = 'Int8'
    for (let i = 0; i < 1000; i++) type = { List: { name: 'item', data_type: type, nullable: true } }
    expect(() => typeOf(type)).toThrow(/nested deeper/)
  })

  it('of no batches has no fields', () => {
    expect(readSerdeSchema({}).fields).toEqual([])
  })
})

describe('decimals', () => {
  it.each([
    ['12.34', 3, '12.340'],
    ['-0.0', 2, '0.00'],
    ['5', 0, '5'],
    ['1200', -2, '1200'],
    ['1.5e3', 1, '1500.0'],
    ['00012.5', 1, '12.5'],
  ])('%s of scale %i are %s', (text, scale, expected) => {
    expect(decimalText(text, scale, 'c')).toBe(expected)
  })
  it('with more places than their type are refused', () => {
    expect(() => decimalText('1.234', 2, 'c')).toThrow(/more than the 2 decimal places/)
  })
})

describe('durations and intervals', () => {
  it.each([
    ['PT1.5S', 'millisecond', 1500n],
    ['-PT0.000001S', 'microsecond', -1n],
    ['P1DT2S', 'second', 86_402n],
  ] as const)('%s', (text, unit, expected) => {
    expect(jsonReader({ kind: 'duration', unit }, {}, 'c')(cursor(`"${text}"`))).toBe(expected)
  })
  it.each([
    ['1 years 2 mons', { months: 14, days: 0, nanoseconds: 0n }],
    [
      '-1 mons 3 days -4 hours 5 mins 6.000000007 secs',
      { months: -1, days: 3, nanoseconds: -14_400_000_000_000n + 306_000_000_007n },
    ],
  ])('%s', (text, expected) => {
    const read = jsonReader({ kind: 'interval', unit: 'monthDayNano' }, {}, 'c')(cursor(`"${text}"`))
    expect(read).toEqual(expected)
  })
})
