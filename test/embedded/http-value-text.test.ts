import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dateText,
  decimalText,
  floatText,
  intervalText,
  timestampFormatter,
  timeText,
} from '../../src/embedded/results/value-text.ts'

describe('dates', () => {
  it('agree with the calendar of JavaScript', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_000, max: 2_932_896 }), (days) => {
        expect(dateText(days)).toBe(new Date(days * 86_400_000).toISOString().slice(0, 10))
      }),
    )
  })

  it('have a sign outside the years 0 to 9999', () => {
    expect(dateText(2_932_897)).toBe('+10000-01-01')
    expect(dateText(-719_529)).toBe('-0001-12-31')
  })

  it('that cannot be shown are refused', () => {
    expect(() => dateText(2_147_483_647)).toThrow(RangeError)
  })
})

describe('timestamps', () => {
  it('show a fraction of three, six or nine digits, or none', () => {
    const show = timestampFormatter('nanosecond', false)
    expect(show(0)).toBe('1970-01-01T00:00:00')
    expect(show(1_000_000)).toBe('1970-01-01T00:00:00.001')
    expect(show(1_000)).toBe('1970-01-01T00:00:00.000001')
    expect(show(1)).toBe('1970-01-01T00:00:00.000000001')
    expect(show(-1n)).toBe('1969-12-31T23:59:59.999999999')
    expect(show(1_706_702_400_123_456_789n)).toBe('2024-01-31T12:00:00.123456789')
  })

  it('end in Z when they have a zone', () => {
    expect(timestampFormatter('second', true)(1_706_702_400)).toBe('2024-01-31T12:00:00Z')
  })
})

it('times show hours, minutes and seconds', () => {
  expect(timeText(45_296_000_789, 'microsecond')).toBe('12:34:56.000789')
})

it('intervals leave out what is zero', () => {
  expect(intervalText(14, 3, 4n * 3_600_000_000_000n)).toBe('14 mons 3 days 4 hours')
  expect(intervalText(0, 0, 61_500_000_000n)).toBe('1 mins 1.500000000 secs')
  expect(intervalText(0, -1, -500_000_000n)).toBe('-1 days -0.500000000 secs')
})

it('decimals have every digit of their scale', () => {
  expect(decimalText(12340, 3)).toBe('12.340')
  expect(decimalText(-5n, 2)).toBe('-0.05')
  expect(decimalText(99999999999999999999999999999999999999n, 38)).toBe(`0.${'9'.repeat(38)}`)
  expect(decimalText(7, 0)).toBe('7')
})

describe('floats', () => {
  it('give back the same number and are never taken for integers', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = floatText(value, 64)
        expect(Number(text)).toBe(value)
        expect(text).toMatch(/[.e]/)
      }),
    )
  })

  it('of 32 bits have no digits beyond their precision', () => {
    expect(floatText(Math.fround(0.1), 32)).toBe('0.1')
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(Number(floatText(value, 32)))).toBe(value)
      }),
    )
  })
})
