import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DataType, field } from '../../src/arrow/schema.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { ProtocolError } from '../../src/errors.ts'
import { JsonCursor } from '../../src/http/json-cursor.ts'
import { readInferred } from '../../src/http/json-inferred.ts'
import { decimalText, jsonReader, ObjectReader } from '../../src/http/json-readers.ts'
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

describe('dates and times', () => {
  const timestamp = (text: string) =>
    jsonReader(
      { kind: 'timestamp', unit: 'nanosecond', timezone: null },
      {},
      'c',
    )(cursor(JSON.stringify(text))) as Timestamp

  it.each<[string, string]>([
    ['1970-01-01T00:00:00', '1970-01-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999999999', '1969-12-31T23:59:59.999999999Z'],
    ['2024-02-29T12:34:56.7', '2024-02-29T12:34:56.700Z'],
    ['2024-02-29T12:34:56.000001Z', '2024-02-29T12:34:56.000001Z'],
    ['2024-02-29T00:15:00+05:30', '2024-02-28T18:45:00.000Z'],
    ['1883-11-18T12:00:00.000000001-04:56', '1883-11-18T16:56:00.000000001Z'],
    ['2024-02-29T00:15:00-0030', '2024-02-29T00:45:00.000Z'],
    ['0001-01-01T00:00:00', '0001-01-01T00:00:00.000Z'],
    ['0000-12-31T00:00:00', '0000-12-31T00:00:00.000Z'],
    ['-0001-03-01T00:00:00.5', '-000001-03-01T00:00:00.500Z'],
    ['+10000-01-01T00:00:00', '+010000-01-01T00:00:00.000Z'],
    ['+262142-12-31T23:59:59.999999999Z', '+262142-12-31T23:59:59.999999999Z'],
  ])('%s', (text, iso) => {
    expect(timestamp(text).toISOString()).toBe(iso)
  })

  it.each([
    '2023-02-29T00:00:00',
    '2024-13-01T00:00:00',
    '2024-01x01T00:00:00',
    '2024-01-01T00x00:00',
    '2024-01-01T00:75:00',
    '2024-01-01T00:00:61',
    '2024-01-01T00:00:00.',
    '2024-01-01T00:00:00.1234567890',
    '2024-01-01T00:00:00+5',
    '2024-01-01T00:00:00+0x:00',
    '2024-01-01T00:00:00ZZ',
    '',
    'ERROR: Cast error',
  ])('refuses %j', (text) => {
    expect(() => timestamp(text)).toThrow(ProtocolError)
  })

  it('are those of Date wherever Date has them', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), fc.integer({ min: -839, max: 839 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000)
        fc.pre(!Number.isNaN(local.getTime()))
        const sign = offset < 0 ? '-' : '+'
        const two = (value: number) => String(value).padStart(2, '0')
        const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
        expect(timestamp(`${local.toISOString().slice(0, -1)}${zone}`).getTime()).toBe(date.getTime())
        expect(timestamp(date.toISOString()).getTime()).toBe(date.getTime())
      }),
    )
  })

  it.each([
    ['2024-01-31', '2024-01-31'],
    ['1582-10-04', '1582-10-04'],
    ['-0044-03-15', '-000044-03-15'],
    ['+12345-01-01', '+012345-01-01'],
    ['1969-12-31T00:00:00', '1969-12-31'],
    ['+10000-01-01T00:00:00', '+010000-01-01'],
    ['1969-12-31T23:59:59.999', '1969-12-31T23:59:59.999Z'],
  ])('date %s', (text, expected) => {
    expect(jsonReader({ kind: 'date', unit: 'day' }, {}, 'c')(cursor(`"${text}"`))).toBe(expected)
  })
})

it('numbers without a type that no number holds stay their text', () => {
  for (const text of ['1e400', '9'.repeat(300)]) expect(readInferred(cursor(text))).toBe(text)
})

describe('values that cannot have been in a column of their type', () => {
  const child = field('item', { kind: 'bool' })
  it.each<[DataType, string]>([
    [{ kind: 'int', bitWidth: 8, signed: true }, '128'],
    [{ kind: 'int', bitWidth: 8, signed: true }, '-129'],
    [{ kind: 'int', bitWidth: 32, signed: false }, '-1'],
    [{ kind: 'int', bitWidth: 32, signed: false }, '4294967296'],
    [{ kind: 'int', bitWidth: 64, signed: true }, '9223372036854775808'],
    [{ kind: 'int', bitWidth: 64, signed: false }, '-1'],
    [{ kind: 'int', bitWidth: 64, signed: false }, '18446744073709551616'],
    [{ kind: 'float', bitWidth: 64 }, '1e400'],
    [{ kind: 'int', bitWidth: 64, signed: true }, '9'.repeat(300)],
    [{ kind: 'decimal', bitWidth: 256, precision: 76, scale: 0 }, '9'.repeat(300)],
    [{ kind: 'duration', unit: 'second' }, `"P${'9'.repeat(20)}D"`],
    [{ kind: 'fixedSizeBinary', byteWidth: 2 }, '"00"'],
    [{ kind: 'fixedSizeList', child, size: 2 }, '[true]'],
    [{ kind: 'time', unit: 'second', bitWidth: 32 }, '"12:00:00.5"'],
    [{ kind: 'duration', unit: 'second' }, '"PT1.5S"'],
  ])('%o %s', (type, text) => {
    expect(() => jsonReader(type, {}, 'c')(cursor(text))).toThrow(ProtocolError)
  })

  it.each<[DataType, string, unknown]>([
    [{ kind: 'int', bitWidth: 8, signed: true }, '-128', -128],
    [{ kind: 'int', bitWidth: 32, signed: false }, '4294967295', 4294967295],
    [{ kind: 'int', bitWidth: 64, signed: true }, '-9223372036854775808', -(2n ** 63n)],
    [{ kind: 'int', bitWidth: 64, signed: false }, '18446744073709551615', 2n ** 64n - 1n],
    [{ kind: 'fixedSizeList', child, size: 2 }, '[true,null]', [true, null]],
  ])('%o %s, which can', (type, text, value) => {
    expect(jsonReader(type, {}, 'c')(cursor(text))).toEqual(value)
  })
})

describe('unions', () => {
  const int64: DataType = { kind: 'int', bitWidth: 64, signed: true }
  const float64: DataType = { kind: 'float', bitWidth: 64 }
  const decimal: DataType = { kind: 'decimal', bitWidth: 128, precision: 9, scale: 2 }
  const second: DataType = { kind: 'timestamp', unit: 'second', timezone: null }
  const utf8: DataType = { kind: 'utf8' }
  const read = (types: DataType[], text: string) => {
    const children = types.map((type, i) => field(`m${i}`, type))
    const type: DataType = { kind: 'union', mode: 'dense', typeIds: types.map((_, i) => i), children }
    return jsonReader(type, {}, 'c')(cursor(text))
  }

  it.each<[string, DataType[], unknown]>([
    ['5', [int64, utf8], 5n],
    ['5', [int64, float64], 5n],
    ['5.0', [int64, float64], 5],
    ['"5"', [int64, utf8], '5'],
    ['"1.50"', [decimal, int64], '1.50'],
    ['[1,2]', [{ kind: 'list', child: field('item', int64) }, utf8], [1n, 2n]],
    ['"1970-01-01T00:00:01"', [second, int64], new Timestamp(1000)],
  ])('read %s as the one member it can be', (text, types, value) => {
    expect(read(types, text)).toEqual(value)
  })

  it.each<[string, DataType[], unknown]>([
    ['"1970-01-01T00:00:01"', [second, utf8], '1970-01-01T00:00:01'],
    ['5', [int64, { kind: 'int', bitWidth: 8, signed: true }], 5],
    ['[1]', [int64, utf8], [1]],
  ])('leave %s what it is where it may be several or none', (text, types, value) => {
    expect(read(types, text)).toEqual(value)
  })
})

describe('rows of columns that share a name', () => {
  const int = { kind: 'int', bitWidth: 32, signed: true } as const
  const reader = new ObjectReader([field('a', int), field('b', int), field('a', int)], {})

  it.each<[string, unknown[]]>([
    ['{"a":1,"b":2,"a":3}', [1, 2, 3]],
    ['{"a":null,"b":2,"a":3}', [null, 2, 3]],
    ['{"b":2}', [null, 2, null]],
    ['{"a":1,"a":3}', [1, null, 3]],
  ])('%s', (text, expected) => {
    expect(Object.entries(reader.read(cursor(text)))).toEqual([
      ['a', expected[0]],
      ['b', expected[1]],
      ['a:1', expected[2]],
    ])
  })

  it('are refused where the reply does not tell which one it left out', () => {
    expect(() => reader.read(cursor('{"b":2,"a":3}'))).toThrow(/2 columns are named "a".*AS/)
    expect(() => reader.read(cursor('{"a":1,"a":2,"a":3}'))).toThrow(/came before/)
  })
})

describe('durations and intervals', () => {
  it.each([
    ['PT1.5S', 'millisecond', 1500n],
    ['-PT0.000001S', 'microsecond', -1n],
    ['P1DT2S', 'second', 86_402n],
    ['P0D', 'second', 0n],
    ['-PT9223372036.854775808S', 'nanosecond', -(2n ** 63n)],
    ['0 days 0 hours 0 mins 1.500 secs', 'millisecond', 1500n],
    ['-1 days -2 hours -3 mins -4 secs', 'second', -93_784n],
  ] as const)('%s', (text, unit, expected) => {
    expect(jsonReader({ kind: 'duration', unit }, {}, 'c')(cursor(`"${text}"`))).toBe(expected)
  })
  it.each([
    ['1 years 2 mons', { months: 14, days: 0, nanoseconds: 0n }],
    ['', { months: 0, days: 0, nanoseconds: 0n }],
    ['0 years -14 mons 0 days 0 hours 0 mins -0.000000001 secs', { months: -14, days: 0, nanoseconds: -1n }],
    [
      '-1 mons 3 days -4 hours 5 mins 6.000000007 secs',
      { months: -1, days: 3, nanoseconds: -14_400_000_000_000n + 306_000_000_007n },
    ],
  ])('%s', (text, expected) => {
    const read = jsonReader({ kind: 'interval', unit: 'monthDayNano' }, {}, 'c')(cursor(`"${text}"`))
    expect(read).toEqual(expected)
  })

  it.each(['1 year', '5 parsecs', '', 'soon'])('are refused: duration %j', (text) => {
    const read = () => jsonReader({ kind: 'duration', unit: 'second' }, {}, 'c')(cursor(`"${text}"`))
    expect(read).toThrow(ProtocolError)
  })
})

describe('timestamps as plain dates', () => {
  const read = (text: string) =>
    jsonReader(
      { kind: 'timestamp', unit: 'microsecond', timezone: null },
      { timestamp: 'date' },
      'at',
    )(cursor(`"${text}"`))

  it('drop what lies below a millisecond', () => {
    expect(read('2024-05-01T12:00:00.123456')).toEqual(new Date('2024-05-01T12:00:00.123Z'))
  })
  it('are refused beyond the years of a Date', () => {
    expect(() => read('+294247-01-10T04:00:54.775807')).toThrow(
      /"at": \+294247-01-10T04:00:54.775807Z is beyond/,
    )
  })
})
