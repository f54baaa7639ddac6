import { runInNewContext } from 'node:vm'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { encodeParameters, type Parameters } from '../../src/arrow/parameters.ts'
import { parametersToJson } from '../../src/arrow/parameters-json.ts'
import { parametersKey } from '../../src/arrow/parameters-key.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { typeName } from '../../src/arrow/type-name.ts'
import { param } from '../../src/arrow/typed-parameter.ts'
import { ParameterError } from '../../src/errors.ts'

function typesOf(parameters: Parameters): string[] {
  return encodeParameters(parameters).schema.fields.map((field) => typeName(field.type))
}

function readBack(parameters: Parameters) {
  const { schemaHeader, batchHeader, batchBody } = encodeParameters(parameters)
  const framed = [schemaHeader, batchHeader].flatMap((header, i) => {
    const prefix = Buffer.alloc(8, 0xff)
    prefix.writeInt32LE(header.length, 4)
    return i === 0 ? [prefix, header] : [prefix, header, batchBody]
  })
  return tableFromIPC(Buffer.concat(framed))
}

const timestamp = Timestamp.fromEpochNanoseconds

describe('the type of a parameter', () => {
  it.each([
    [5, 'Int64'],
    [Number.MAX_SAFE_INTEGER, 'Int64'],
    [2 ** 53, 'Float64'],
    [0.5, 'Float64'],
    [-0, 'Float64'],
    [Number.NaN, 'Float64'],
    [Number.NEGATIVE_INFINITY, 'Float64'],
    [[1, Number.NaN], 'List<Float64>'],
    [5n, 'Int64'],
    [2n ** 63n, 'UInt64'],
    [2n ** 64n, 'Decimal(38, 0)'],
    [-(2n ** 63n) - 1n, 'Decimal(38, 0)'],
    ['x', 'Utf8'],
    [true, 'Bool'],
    [null, 'Null'],
    [new Date(0), 'Timestamp(millisecond)'],
    [timestamp(1n), 'Timestamp(nanosecond)'],
    [timestamp(10n ** 19n), 'Timestamp(microsecond)'],
    [Uint8Array.of(1), 'Binary'],
    [Buffer.from('x'), 'Binary'],
    [[1, 2], 'List<Int64>'],
    [[1, 2.5], 'List<Float64>'],
    [[1, null], 'List<Int64>'],
    [[1, 2n ** 63n], 'List<Decimal(38, 0)>'],
    [runInNewContext('new Date(0)'), 'Timestamp(millisecond)'],
    [runInNewContext('Uint8Array.of(1)'), 'Binary'],
    [runInNewContext('[1]'), 'List<Int64>'],
    [[], 'List<Null>'],
    [[[1], [], ['x'].slice(1)], 'List<List<Int64>>'],
    [[new Date(0), timestamp(1n)], 'List<Timestamp(nanosecond)>'],
    [Float32Array.of(1), 'List<Float32>'],
    [BigInt64Array.of(1n), 'List<Int64>'],
    [param.int32(5), 'Int32'],
    [param.decimal('1.23', 10, 2), 'Decimal(10, 2)'],
    [param.decimal('1', 60, 0), 'Decimal(60, 0)'],
    [param.date('2024-02-29'), 'Date32'],
    [param.time('12:00'), 'Time(microsecond)'],
    [param.timestamp('2024-01-01T00:00:00Z', 'second', 'UTC'), 'Timestamp(second, UTC)'],
    [param.list('int8', [1, 2]), 'List<Int8>'],
    [param.null('utf8'), 'Utf8'],
    [param.null(), 'Null'],
    [[param.int32(5), param.int32(6)], 'List<Int32>'],
  ])('%o is %s', (value, type) => {
    expect(typesOf([value])).toEqual([type])
  })
})

describe('values that cannot be bound', () => {
  it.each([
    [undefined, /undefined cannot be bound; give null/],
    [param.int32(undefined as never), /undefined cannot be bound; give null/],
    [() => 1, /a function cannot be bound/],
    [Symbol('x'), /a symbol cannot be bound/],
    [{ a: 1 }, /an object \(Object\) cannot be bound/],
    [new Map(), /an object \(Map\)/],
    [10n ** 38n, /more than 38 digits/],
    [new Date(Number.NaN), /an invalid Date/],
    [[1, 'x'], /\$2\[1\]: "x" is Utf8 in an array of Int64/],
    [[1, [2]], /\$2\[1\]: an array of 1 is List<Int64> in an array of Int64/],
    [[1, undefined], /\$2\[1\]: undefined/],
    [[2n ** 60n + 1n, 0.5], /more digits than a float holds/],
    ['\ud800', /half a surrogate pair/],
    [param.int8(128), /128 is out of range \(Int8\)/],
    [param.int32(1.5), /1.5 is not a whole number/],
    [param.int64(2 ** 60), /give a bigint/],
    [param.decimal('1.234', 10, 2), /more digits after the point/],
    [param.decimal('123456789', 5, 0), /more than 5 digits/],
    [param.date('2023-02-29'), /"2023-02-29"/],
    [param.date(new Date(1)), /has a time of day/],
    [param.timestamp('2024-01-01T00:00:00.0000000001Z'), /"2024-01-01T00:00:00.0000000001Z"/],
    [param.timestamp(new Date(1), 'second'), /digits below a second/],
  ])('%o', (value, message) => {
    expect(() => encodeParameters(['fine', value])).toThrow(ParameterError)
    expect(() => encodeParameters(['fine', value])).toThrow(message)
  })

  it('an array that contains itself', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => encodeParameters([cycle])).toThrow(/contains itself/)
  })

  it('names that are no identifiers', () => {
    expect(() => encodeParameters({ $a: 1 })).toThrow(/without the \$/)
    expect(() => encodeParameters({ 'a b': 1 })).toThrow(ParameterError)
  })
})

describe('the encoded batch', () => {
  it('has one row, with positional columns named as placeholders', () => {
    const table = readBack([5, 'x', null, 2n ** 63n, [1, 2]])
    expect(table.numRows).toBe(1)
    expect(table.schema.fields.map((field) => field.name)).toEqual(['$1', '$2', '$3', '$4', '$5'])
    expect(table.getChildAt(0)!.get(0)).toBe(5n)
    expect(table.getChildAt(1)!.get(0)).toBe('x')
    expect(table.getChildAt(2)!.get(0)).toBe(null)
    expect(table.getChildAt(3)!.get(0)).toBe(2n ** 63n)
    expect([...table.getChildAt(4)!.get(0)]).toEqual([1n, 2n])
  })

  it('has named columns by the bare name', () => {
    const table = readBack({ symbol: 'BTC', price: 1.5 })
    expect(table.get(0)!.toJSON()).toEqual({ symbol: 'BTC', price: 1.5 })
  })

  it('works without parameters', () => {
    expect(readBack([]).schema.fields).toEqual([])
  })
})

describe('the key of parameters', () => {
  const distinct: Parameters[] = [
    [],
    [1],
    [1n],
    ['1'],
    [true],
    [false],
    [null],
    [0],
    [-0],
    [1, 2],
    ['1', '2'],
    ['1s1:2'],
    ['a;', 'b'],
    ['a', ';b'],
    [[1], 2],
    [[1, 2]],
    [[[1], 2]],
    [new Date(5)],
    [timestamp(5_000_000n)],
    [timestamp(5_000_001n)],
    [Uint8Array.of(49)],
    [param.int32(1)],
    [param.int64(1)],
    [param.decimal('1', 10, 2)],
    [param.decimal('1', 10, 3)],
    [param.decimal('1', 60, 2)],
    [param.timestamp(1n, 'second')],
    [param.timestamp(1n, 'second', 'UTC')],
    { a: 1 },
    { b: 1 },
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ]

  it('is different for every difference in name, type or value', () => {
    const keys = distinct.map(parametersKey)
    expect(keys).not.toContain(null)
    expect(new Set(keys).size).toBe(distinct.length)
  })

  it('is the same for the same parameters made again', () => {
    const make = () => [1, 'x', param.decimal('1.0', 10, 2), new Date(5), [1, null]]
    expect(parametersKey(make())).toBe(parametersKey(make()))
    expect(encodeParameters(make()).key).toBe(parametersKey(make()))
  })

  it('is null for large values', () => {
    expect(parametersKey(['x'.repeat(5000)])).toBe(null)
    expect(parametersKey([new Uint8Array(5000)])).toBe(null)
    expect(parametersKey([Array.from({ length: 5000 }, () => 1)])).toBe(null)
  })
})

describe('parameters as JSON', () => {
  it('spell numbers so that they come out as the type they are', () => {
    const parameters = [
      5,
      0.1,
      -0,
      2 ** 60,
      1e21,
      2n ** 62n,
      param.float64(5),
      param.int8(1),
      param.float32(0.1),
    ]
    expect(parametersToJson(parameters)).toBe(
      '[5,0.1,-0.0,1152921504606847000.0,1e+21,4611686018427387904,5.0,1,0.10000000149011612]',
    )
  })

  it('carry null, booleans, text and names', () => {
    expect(parametersToJson({ a: null, b: true, c: 'x"y', d: param.null('int32') })).toBe(
      '{"a":null,"b":true,"c":"x\\"y","d":null}',
    )
  })

  it.each([
    [2n ** 63n, /beyond signed 64-bit.*CAST\(\$1 AS …\)/],
    [new Date(0), /Timestamp\(millisecond\), and HTTP carries only.*Use Flight/],
    [param.date('2024-01-01'), /Date32/],
    [param.decimal('1.2', 10, 2), /Decimal\(10, 2\)/],
    [Uint8Array.of(1), /Binary/],
    [[1], /List<Int64>/],
    [param.float64(Number.NaN), /cannot be written in JSON/],
    ['\udfff', /half a surrogate/],
    [Number.NEGATIVE_INFINITY, /cannot be written in JSON; use Flight/],
    [{}, /cannot be bound/],
  ])('refuse %o', (value, message) => {
    expect(() => parametersToJson([value])).toThrow(ParameterError)
    expect(() => parametersToJson([value])).toThrow(message)
  })
})
