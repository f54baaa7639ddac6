import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDate, parseDate } from '../../src/arrow/calendar.ts'
import { halfToNumber } from '../../src/arrow/readers/number.ts'
import { formatTime, parseTimeOfDay } from '../../src/arrow/time-of-day.ts'
import {
  dateFromMilliseconds,
  decimalNumber,
  formatDecimal,
  int64Value,
} from '../../src/arrow/value-format.ts'
import { LossyValueError } from '../../src/errors.ts'

describe('dates', () => {
  test('are written as Date writes them, wherever Date reaches', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
        const [date] = new Date(days * 86_400_000).toISOString().split('T')
        expect(formatDate(days)).toBe(date)
        expect(parseDate(date!)).toBe(days)
      }),
    )
  })

  test('beyond the range of Date keep counting', () => {
    expect(formatDate(2 ** 31 - 1)).toBe('+5881580-07-11')
    expect(formatDate(-(2 ** 31))).toBe('-5877641-06-23')
  })

  test.each(['2024-02-30', '2024-1-1', '24-01-01', '2024-00-10', '2024-01-32', 'today'])(
    '"%s" is none',
    (text) => {
      expect(parseDate(text)).toBeNull()
    },
  )

  test('in milliseconds keep a time of day they should not have', () => {
    expect(dateFromMilliseconds(86_400_000n)).toBe('1970-01-02')
    expect(dateFromMilliseconds(86_400_001n)).toBe('1970-01-02T00:00:00.001Z')
  })
})

describe('times of day', () => {
  test.each([
    [0, 'second', '00:00:00'],
    [86_399, 'second', '23:59:59'],
    [86_400, 'second', '24:00:00'],
    [1_500, 'millisecond', '00:00:01.500'],
    [1_000_001, 'microsecond', '00:00:01.000001'],
    [1_000, 'microsecond', '00:00:00.001'],
    [1, 'nanosecond', '00:00:00.000000001'],
    [86_399_999_999_999, 'nanosecond', '23:59:59.999999999'],
    [-1, 'second', '-00:00:01'],
  ] as const)('%s %ss are %s', (count, unit, text) => {
    expect(formatTime(count, unit)).toBe(text)
  })

  test('are read with up to nine digits', () => {
    expect(parseTimeOfDay('23:59:59.5')).toBe(86_399_500_000_000n)
    expect(parseTimeOfDay('12:00')).toBe(43_200_000_000_000n)
    expect(parseTimeOfDay('12:60:00')).toBeNull()
  })
})

describe('decimals', () => {
  test.each([
    ['12340', 3, '12.340'],
    ['-5', 2, '-0.05'],
    ['0', 2, '0.00'],
    ['0', 0, '0'],
    ['123', -2, '12300'],
    ['0', -2, '0'],
    ['-99999999999999999999999999999999999999', 38, '-0.99999999999999999999999999999999999999'],
  ])('%s of scale %s is %s', (digits, scale, text) => {
    expect(formatDecimal(digits, scale)).toBe(text)
  })

  test.each([
    ['0.1', 0.1],
    ['-12.340', -12.34],
    ['0.00', 0],
    ['123456789012345000000000', 123456789012345e9],
    ['0.00000000000000000000012345', 1.2345e-22],
    ['9007199254740992.000', 2 ** 53],
  ])('%s is the number %s', (text, value) => {
    expect(decimalNumber(text, 'price')).toBe(value)
  })

  test.each(['9007199254740993', '0.12345678901234567891', '-1.00000000000000000001'])(
    '%s is refused as a number',
    (text) => {
      expect(() => decimalNumber(text, 'price')).toThrow(LossyValueError)
      expect(() => decimalNumber(text, 'price')).toThrow(/"price"/)
    },
  )
})

test('64-bit integers become what was asked for, or are refused by name and value', () => {
  expect(int64Value(5n, undefined, 'n')).toBe(5n)
  expect(int64Value(5n, 'number', 'n')).toBe(5)
  expect(int64Value(2n ** 60n, 'string', 'n')).toBe('1152921504606846976')
  expect(() => int64Value(2n ** 53n, 'number', 'n')).toThrow('Column "n": 9007199254740992')
})

test.each([
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65_504],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x8000, -0],
  [0x7c00, Number.POSITIVE_INFINITY],
  [0x7e00, Number.NaN],
])('binary16 %i is %d', (bits, value) => {
  expect(halfToNumber(bits)).toBe(value)
})
