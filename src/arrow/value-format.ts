import { LossyValueError } from '../errors.ts'
import { formatDate } from './calendar.ts'
import { Timestamp } from './timestamp.ts'
import type { ValueOptions } from './values-options.ts'

/**
 * The one place that says what JavaScript value stands for which Arrow value. Every transport uses these
 * functions, so that a query gives equal rows whichever way it went. Dates are in `calendar.ts`, times of
 * day in `time-of-day.ts`, instants in `timestamp.ts`.
 */

/** A calendar interval; the three kinds of Arrow all take this shape. */
export interface Interval {
  months: number
  days: number
  nanoseconds: bigint
}

/** Int64, UInt64: `bigint` unless `values.int64` says otherwise. Throws `LossyValueError`. */
export function int64Value(
  value: bigint,
  choice: ValueOptions['int64'],
  column: string,
): bigint | number | string {
  if (choice === 'number') return safeInteger(Number(value), () => value, column)
  return choice === 'string' ? String(value) : value
}

/** `approximate` when it is exact; otherwise throws `LossyValueError` with the true value. */
export function safeInteger(approximate: number, exact: () => bigint, column: string): number {
  if (Number.isSafeInteger(approximate)) return approximate
  throw new LossyValueError(
    `Column "${column}": ${exact()} is beyond what a number holds exactly; ask for int64 as 'bigint' or 'string'`,
  )
}

/**
 * All digits of a decimal, the scale kept: 12340 with scale 3 is `'12.340'`; a negative scale appends zeros.
 * @param digits the unscaled value as text, with its sign
 */
export function formatDecimal(digits: string, scale: number): string {
  if (scale === 0) return digits
  if (scale < 0) return digits === '0' ? '0' : digits + '0'.repeat(-scale)
  const negative = digits.charCodeAt(0) === 45
  const magnitude = (negative ? digits.slice(1) : digits).padStart(scale + 1, '0')
  const point = magnitude.length - scale
  return `${negative ? '-' : ''}${magnitude.slice(0, point)}.${magnitude.slice(point)}`
}

/** The number whose shortest text has the same digits. Throws `LossyValueError` when there is none. */
export function decimalNumber(text: string, column: string): number {
  const value = Number(text)
  // Fifteen significant digits always survive the way into a double and back.
  if (text.length <= 15 || sameDigits(text, value)) return value
  throw new LossyValueError(
    `Column "${column}": ${text} has more digits than a number holds; ask for decimal as 'string'`,
  )
}

function sameDigits(text: string, value: number): boolean {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const [whole, fraction = ''] = text.replace('-', '').split('.') as [string, string?]
  const all = whole + fraction
  const significant = all.replace(/^0+/, '')
  const first = all.length - significant.length
  const digits = significant.replace(/0+$/, '')
  if (digits === '') return value === 0
  return mantissa.replace(/[-.]/g, '') === digits && Number(exponent) === whole.length - 1 - first
}

/** A plain `Date`, to the millisecond. Throws `LossyValueError` for an instant beyond what `Date` reaches. */
export function plainDate(timestamp: Timestamp, column: string): Date {
  if (timestamp.beyondDate === undefined) return new Date(timestamp.getTime())
  throw new LossyValueError(
    `Column "${column}": ${timestamp.toISOString()} is beyond the years of a Date; ask for timestamp as 'timestamp', 'bigint' or 'string'`,
  )
}

/**
 * A Date64. Arrow wants whole days there; a value that is none keeps its time of day, as full ISO 8601 text,
 * rather than lose it.
 */
export function dateFromMilliseconds(milliseconds: bigint): string {
  if (milliseconds % 86_400_000n !== 0n) return Timestamp.fromUnits(milliseconds, 'millisecond').toISOString()
  return formatDate(Number(milliseconds / 86_400_000n))
}
