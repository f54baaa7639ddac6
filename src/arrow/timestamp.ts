import { isDate } from './any-realm.ts'
import { formatDate, parseDate } from './calendar.ts'
import type { TimeUnit } from './schema.ts'
import { formatFraction, formatTimeOfDay, parseTimeOfDay } from './time-of-day.ts'

export const NANOSECONDS_PER_UNIT: Record<TimeUnit, bigint> = {
  second: 1_000_000_000n,
  millisecond: 1_000_000n,
  microsecond: 1_000n,
  nanosecond: 1n,
}
const NANOSECONDS_PER_SECOND = 1_000_000_000n
const SECONDS_PER_DAY = 86_400n
/** The range of `Date`: 100 million days around 1970. */
const MAX_DATE_MILLISECONDS = 8_640_000_000_000_000n

/**
 * An instant with nanoseconds. It is a `Date` (to the millisecond, rounded down) and keeps what lies below
 * in `nanosecondOfMillisecond`. Both parts are own data, so `node:assert` compares instants to the
 * nanosecond; vitest's and jest's `toEqual` compare any two dates to the millisecond only (compare
 * `epochNanoseconds` there). `structuredClone` and `postMessage` turn every subclass of `Date` into a plain
 * `Date`, which drops the nanoseconds: send `toJSON()` or `epochNanoseconds` instead.
 *
 * Arrow can hold instants `Date` cannot (beyond the years -271821 to 275760). Those keep their exact value in
 * `epochNanoseconds` and `toJSON()`; as a `Date` they are invalid.
 */
export class Timestamp extends Date {
  /** Nanoseconds beyond the millisecond of `getTime()`: 0 to 999 999. */
  declare readonly nanosecondOfMillisecond: number
  /** The exact nanoseconds since the epoch; present only outside the range of `Date`. */
  declare readonly beyondDate?: bigint

  /**
   * @param epochMilliseconds an integer, rounded down
   * @param nanosecondOfMillisecond 0 to 999 999
   */
  constructor(epochMilliseconds: number, nanosecondOfMillisecond = 0) {
    super(epochMilliseconds)
    this.nanosecondOfMillisecond = nanosecondOfMillisecond
  }

  static fromEpochNanoseconds(nanoseconds: bigint): Timestamp {
    const [milliseconds, rest] = divideDown(nanoseconds, 1_000_000n)
    if (milliseconds <= MAX_DATE_MILLISECONDS && milliseconds >= -MAX_DATE_MILLISECONDS)
      return new Timestamp(Number(milliseconds), Number(rest))
    const timestamp = new Timestamp(Number.NaN, Number(rest)) as Timestamp & { beyondDate: bigint }
    timestamp.beyondDate = nanoseconds
    return timestamp
  }

  /** From a count of `unit` since the epoch, as Arrow stores it. */
  static fromUnits(count: bigint, unit: TimeUnit): Timestamp {
    return Timestamp.fromEpochNanoseconds(count * NANOSECONDS_PER_UNIT[unit])
  }

  /**
   * From ISO 8601 text such as `2024-05-01T12:00:00.123456789Z`: `T` or a space between date and time, up to
   * nine digits of fraction, `Z`, `±HH:MM` or no zone at all (taken as UTC, as Arrow does). Throws
   * `RangeError` for anything else.
   */
  static fromISOString(text: string): Timestamp {
    const match = /^([^T ]+)(?:[T ]([\d:.]+?)(?:(Z)|([+-])(\d\d):?(\d\d)?)?)?$/.exec(text)
    const days = match === null ? null : parseDate(match[1]!)
    const time = match?.[2] === undefined ? 0n : parseTimeOfDay(match[2])
    if (match === null || days === null || time === null)
      throw new RangeError(`"${text}" is not an ISO 8601 date and time`)
    const minutes = BigInt(match[5] ?? 0) * 60n + BigInt(match[6] ?? 0)
    const offset = (match[4] === '-' ? -minutes : minutes) * 60n
    return Timestamp.fromEpochNanoseconds(
      (BigInt(days) * SECONDS_PER_DAY - offset) * NANOSECONDS_PER_SECOND + time,
    )
  }

  /** Nanoseconds since 1970-01-01T00:00:00Z, exact. */
  get epochNanoseconds(): bigint {
    return this.beyondDate ?? BigInt(this.getTime()) * 1_000_000n + BigInt(this.nanosecondOfMillisecond)
  }

  equals(other: Timestamp): boolean {
    return this.epochNanoseconds === other.epochNanoseconds
  }

  /** ISO 8601 in UTC with three, six or nine digits of fraction: the fewest that lose nothing. */
  override toISOString(): string {
    if (this.beyondDate !== undefined) return formatBeyondDate(this.beyondDate)
    const text = super.toISOString()
    if (this.nanosecondOfMillisecond === 0) return text
    const digits = String(this.nanosecondOfMillisecond).padStart(6, '0')
    return `${text.slice(0, -1)}${digits.endsWith('000') ? digits.slice(0, 3) : digits}Z`
  }

  override toJSON(): string {
    return this.toISOString()
  }
}

// Those of another copy of this package count, too, such as the CommonJS one beside the ES module. As a static
// member of the class the same function makes V8 spend five times as long on each new timestamp.
Object.defineProperty(Timestamp, Symbol.hasInstance, { value: isTimestamp })

function isTimestamp(this: unknown, value: unknown): boolean {
  // Subclasses inherit this.
  if (this !== Timestamp) return Function.prototype[Symbol.hasInstance].call(this as typeof Timestamp, value)
  return isDate(value) && typeof (value as Partial<Timestamp>).nanosecondOfMillisecond === 'number'
}

function formatBeyondDate(nanoseconds: bigint): string {
  const [seconds, fraction] = divideDown(nanoseconds, NANOSECONDS_PER_SECOND)
  const [days, secondOfDay] = divideDown(seconds, SECONDS_PER_DAY)
  return `${formatDate(Number(days))}T${formatTimeOfDay(Number(secondOfDay))}${formatFraction(Number(fraction)) || '.000'}Z`
}

/** Quotient rounded towards negative infinity, and the remainder that goes with it. */
function divideDown(value: bigint, divisor: bigint): [quotient: bigint, remainder: bigint] {
  const remainder = value % divisor
  return remainder < 0n ? [value / divisor - 1n, remainder + divisor] : [value / divisor, remainder]
}
