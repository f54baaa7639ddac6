import { describe, expect, test } from 'vitest'
import { Timestamp } from '../../src/arrow/index.ts'
import type { DataType } from '../../src/arrow/schema.ts'
import type { ValueOptions } from '../../src/arrow/values-options.ts'
import { column, decode, INT64 } from './written-column.ts'

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
