import { parseDate } from '../arrow/calendar.ts'
import type { TimeUnit } from '../arrow/schema.ts'
import { formatTime, parseTimeOfDay } from '../arrow/time-of-day.ts'
import { NANOSECONDS_PER_UNIT, Timestamp } from '../arrow/timestamp.ts'
import type { Interval } from '../arrow/value-format.ts'
import { ProtocolError } from '../errors.ts'
import type { JsonCursor } from './json-cursor.ts'

/** Dates, times and instants from the texts arrow-rs writes for them, as the values Flight gives. */

const QUOTE = 0x22
const HYPHEN = 0x2d
const COLON = 0x3a
const POWERS = Array.from({ length: 9 }, (_, exponent) => 10 ** exponent)

/** `2024-01-31`; Date64 comes with a time behind it, which is kept, as over Flight, where it is not midnight. */
export function readDate(cursor: JsonCursor): string {
  const text = cursor.string()
  const time = text.indexOf('T')
  if (time > 0 && !/^T00:00:00(?:\.0+)?$/.test(text.slice(time))) return instantOf(text).toISOString()
  const date = text.length === 10 ? text : padYear(time < 0 ? text : text.slice(0, time))
  if (parseDate(date) === null) throw unreadable(text, 'date')
  return date
}

export function readTime(cursor: JsonCursor, unit: TimeUnit): string {
  const text = cursor.string()
  const nanoseconds = parseTimeOfDay(text)
  if (nanoseconds === null) throw unreadable(text, 'time of day')
  return formatTime(Number(countOf(nanoseconds, unit)), unit)
}

/** `2024-01-31T12:00:00[.fraction][Z|±hh:mm]`: the usual form straight from the bytes, any other from text. */
export function readTimestamp(cursor: JsonCursor): Timestamp {
  if (cursor.peek() === QUOTE) {
    const quick = quickTimestamp(cursor)
    if (quick !== null) return quick
  }
  return instantOf(cursor.string())
}

function instantOf(text: string): Timestamp {
  try {
    const at = text.search(/[T ]/)
    return Timestamp.fromISOString(at < 0 ? padYear(text) : padYear(text.slice(0, at)) + text.slice(at))
  } catch (cause) {
    throw unreadable(text, 'date and time', cause)
  }
}

/** How many `unit`s since the epoch. */
export function timestampCount(timestamp: Timestamp, unit: TimeUnit): bigint {
  return countOf(timestamp.epochNanoseconds, unit)
}

/** Nothing below the column's unit can have been in the column. */
function countOf(nanoseconds: bigint, unit: TimeUnit): bigint {
  const size = NANOSECONDS_PER_UNIT[unit]
  if (nanoseconds % size === 0n) return nanoseconds / size
  throw new ProtocolError(`The reply has digits below a ${unit} in a column of ${unit}s`)
}

/**
 * ISO 8601 as arrow-rs displays durations (`PT1.5S`, `-P1DT2S`), or its other form (`0 days 0 hours 0 mins
 * 1.500 secs`), in the column's unit.
 */
export function readDuration(cursor: JsonCursor, unit: TimeUnit): bigint {
  const text = cursor.string()
  const match =
    /^(-?)P(?:(\d{1,19})D)?(?:T(?:(\d{1,19})H)?(?:(\d{1,19})M)?(?:(\d{1,19})(?:\.(\d{1,9}))?S)?)?$/.exec(text)
  if (match === null) {
    const interval = text === '' ? null : intervalOf(text)
    if (interval === null || interval.months !== 0) throw unreadable(text, 'duration')
    const nanoseconds = BigInt(interval.days) * 86_400_000_000_000n + interval.nanoseconds
    return countOf(nanoseconds, unit)
  }
  const [, sign, days = 0, hours = 0, minutes = 0, seconds = 0, fraction = ''] = match
  const whole = BigInt(days) * 86_400n + BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(seconds)
  const nanoseconds = whole * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  const count = countOf(nanoseconds, unit)
  return sign === '-' ? -count : count
}

/** `1 years 2 mons 3 days 4 hours 5 mins 6.789 secs`, any part of which may be missing or negative. */
export function readInterval(cursor: JsonCursor): Interval {
  const text = cursor.string()
  const interval = intervalOf(text)
  if (interval === null) throw unreadable(text, 'interval')
  return interval
}

function intervalOf(text: string): Interval | null {
  const interval: Interval = { months: 0, days: 0, nanoseconds: 0n }
  const part = /\s*([+-]?)(\d{1,19})(?:\.(\d{1,9}))?\s*(year|mon|day|hour|min|sec)[a-z]*/y
  let end = 0
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    end = part.lastIndex
    const [, sign, whole, fraction = '', unit] = match
    const factor = sign === '-' ? -1 : 1
    if (unit === 'year') interval.months += factor * Number(whole) * 12
    else if (unit === 'mon') interval.months += factor * Number(whole)
    else if (unit === 'day') interval.days += factor * Number(whole)
    else {
      const seconds = BigInt(whole) * (unit === 'hour' ? 3600n : unit === 'min' ? 60n : 1n)
      interval.nanoseconds += BigInt(factor) * (seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')))
    }
  }
  return text.slice(end).trim() === '' ? interval : null
}

/** Reads the fixed-width form with a year of four digits; null, and nothing consumed, for any other. */
function quickTimestamp(cursor: JsonCursor): Timestamp | null {
  const { bytes } = cursor
  const start = cursor.position + 1
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2)
  const month = twoDigits(bytes, start + 5)
  const day = twoDigits(bytes, start + 8)
  const hour = twoDigits(bytes, start + 11)
  const minute = twoDigits(bytes, start + 14)
  const second = twoDigits(bytes, start + 17)
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60))
    return null
  if (day > 28 && day > daysOfMonth(year, month)) return null
  if (bytes[start + 4] !== HYPHEN || bytes[start + 7] !== HYPHEN || bytes[start + 10] !== 0x54) return null
  if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return null
  let position = start + 19
  let nanoseconds = 0
  if (bytes[position] === 0x2e) {
    const from = ++position
    while (bytes[position] >= 0x30 && bytes[position] <= 0x39) {
      nanoseconds = nanoseconds * 10 + bytes[position++] - 0x30
    }
    const digits = position - from
    if (digits === 0 || digits > 9) return null
    nanoseconds *= POWERS[9 - digits]
  }
  let offset = 0
  if (bytes[position] === 0x5a) position++
  else if (bytes[position] === HYPHEN || bytes[position] === 0x2b) {
    const minutes = twoDigits(bytes, position + 1) * 60 + twoDigits(bytes, position + 4)
    if (bytes[position + 3] !== COLON || Number.isNaN(minutes)) return null
    offset = bytes[position] === HYPHEN ? -minutes : minutes
    position += 6
  }
  if (position >= cursor.end || bytes[position] !== QUOTE) return null
  cursor.position = position + 1
  const seconds = hour * 3600 + (minute - offset) * 60 + second
  const milliseconds = (daysSinceEpoch(year, month, day) * 86_400 + seconds) * 1000
  const below = Math.floor(nanoseconds / 1_000_000)
  return new Timestamp(milliseconds + below, nanoseconds - below * 1_000_000)
}

/** NaN for what are no digits, and beyond the end of the bytes. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30
  const ones = bytes[at + 1] - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days in the proleptic Gregorian calendar, whose year is taken to begin in March. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  )
}

/** Years outside 0000 to 9999 come with a sign and as many digits as they have; here they have six. */
function padYear(date: string): string {
  const match = /^([+-]?)(\d+)(-\d\d-\d\d)$/.exec(date)
  if (match === null || (match[1] === '' && match[2].length === 4)) return date
  return `${match[1] || '+'}${match[2].padStart(6, '0')}${match[3]}`
}

function unreadable(text: string, what: string, cause?: unknown): ProtocolError {
  return new ProtocolError(`The reply has '${text.slice(0, 60)}' where a ${what} belongs`, { cause })
}
