import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Timestamp } from '../../src/arrow/index.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

describe('a timestamp', () => {
  test('is one to another copy of the package, too', async () => {
    vi.resetModules()
    const copy = await import('../../src/arrow/timestamp.ts')
    expect(copy.Timestamp).not.toBe(Timestamp)
    expect(new copy.Timestamp(5)).toBeInstanceOf(Timestamp)
    expect(new Date(5)).not.toBeInstanceOf(Timestamp)
    class Own extends Timestamp {}
    expect(new Own(5)).toBeInstanceOf(Own)
    expect(new Timestamp(5)).not.toBeInstanceOf(Own)
  })

  test('is a Date to the millisecond and keeps its nanoseconds', () => {
    const timestamp = Timestamp.fromEpochNanoseconds(1_714_564_800_123_456_789n)
    expect(timestamp).toBeInstanceOf(Date)
    expect(timestamp.getTime()).toBe(1_714_564_800_123)
    expect(timestamp.nanosecondOfMillisecond).toBe(456_789)
    expect(timestamp.epochNanoseconds).toBe(1_714_564_800_123_456_789n)
    expect(new Date(timestamp).getTime()).toBe(1_714_564_800_123)
  })

  test.each([
    [0n, '1970-01-01T00:00:00.000Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [1_714_564_800_123_000_000n, '2024-05-01T12:00:00.123Z'],
    [1_714_564_800_123_456_000n, '2024-05-01T12:00:00.123456Z'],
    [1_714_564_800_000_000_001n, '2024-05-01T12:00:00.000000001Z'],
    [-62_135_596_800_000_000_000n, '0001-01-01T00:00:00.000Z'],
    [253_402_300_800_000_000_000n, '+010000-01-01T00:00:00.000Z'],
  ])('of %s ns is written %s, with as many digits as it needs', (nanoseconds, text) => {
    const timestamp = Timestamp.fromEpochNanoseconds(nanoseconds)
    expect(timestamp.toISOString()).toBe(text)
    expect(JSON.stringify({ at: timestamp })).toBe(`{"at":"${text}"}`)
  })

  test('outside the range of Date keeps its exact value', () => {
    const timestamp = Timestamp.fromUnits(2n ** 63n - 1n, 'second')
    expect(timestamp.getTime()).toBeNaN()
    expect(timestamp.epochNanoseconds).toBe((2n ** 63n - 1n) * 1_000_000_000n)
    expect(timestamp.toJSON()).toBe('+292277026596-12-04T15:30:07.000Z')
    expect(Timestamp.fromUnits(-(2n ** 63n), 'microsecond').toJSON()).toBe('-290308-12-21T19:59:05.224192Z')
  })

  test('reads back what it writes, whatever the unit', () => {
    const units = fc.constantFrom(
      'second' as const,
      'millisecond' as const,
      'microsecond' as const,
      'nanosecond' as const,
    )
    fc.assert(
      fc.property(int64, units, (count, unit) => {
        const timestamp = Timestamp.fromUnits(count, unit)
        if (timestamp.beyondDate !== undefined) return
        expect(Timestamp.fromISOString(timestamp.toISOString()).epochNanoseconds).toBe(
          timestamp.epochNanoseconds,
        )
      }),
    )
  })

  test.each([
    ['2024-05-01', '2024-05-01T00:00:00.000Z'],
    ['2024-05-01T12:00', '2024-05-01T12:00:00.000Z'],
    ['2024-05-01 12:00:00.5', '2024-05-01T12:00:00.500Z'],
    ['2024-05-01T12:00:00.123456789Z', '2024-05-01T12:00:00.123456789Z'],
    ['2024-05-01T00:30:00+02:00', '2024-04-30T22:30:00.000Z'],
    ['2024-05-01T00:30:00-0530', '2024-05-01T06:00:00.000Z'],
    ['-000044-03-15T00:00:00Z', '-000044-03-15T00:00:00.000Z'],
  ])('reads %s', (text, written) => {
    expect(Timestamp.fromISOString(text).toISOString()).toBe(written)
  })

  test.each([
    '',
    'now',
    '2024-13-01',
    '2023-02-29',
    '2024-05-01T25:00',
    '2024-05-01T12:00:00.1234567890Z',
    '1714564800',
  ])('does not read "%s"', (text) => {
    expect(() => Timestamp.fromISOString(text)).toThrow(RangeError)
  })

  test('equals another of the same instant, and differs by a nanosecond', () => {
    const one = Timestamp.fromEpochNanoseconds(1_000_001n)
    const same = Timestamp.fromUnits(1_000_001n, 'nanosecond')
    const other = Timestamp.fromEpochNanoseconds(1_000_002n)
    expect(one).toStrictEqual(same)
    expect(one.equals(same)).toBe(true)
    expect(one.equals(other)).toBe(false)
    assert.deepStrictEqual(one, same)
    assert.notDeepStrictEqual(one, other)
    assert.notDeepStrictEqual(
      Timestamp.fromUnits(2n ** 62n, 'second'),
      Timestamp.fromUnits(2n ** 61n, 'second'),
    )
  })

  test('becomes a plain Date when cloned', () => {
    const clone = structuredClone(Timestamp.fromEpochNanoseconds(5_000_001n))
    expect(Object.getPrototypeOf(clone)).toBe(Date.prototype)
    expect(clone.getTime()).toBe(5)
  })
})
