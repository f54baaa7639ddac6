import { isDate } from './any-realm.ts'
import { parseDate } from './calendar.ts'
import type { TimeUnit } from './schema.ts'
import { parseTimeOfDay } from './time-of-day.ts'
import { NANOSECONDS_PER_UNIT } from './timestamp.ts'
import { UnfitValue } from './unfit-value.ts'

/** Text and Date forms of dates, times and timestamps to the integers Arrow stores. Exact or refused. */

const NANOSECONDS_PER_DAY = 86_400_000_000_000n
const TIMESTAMP = /^([^T ]+)[T ]([\d:.]+) ?(Z|[+-]\d\d(?::?\d\d)?)?$/i

/** Days since 1970-01-01 of `YYYY-MM-DD` or of a `Date` at midnight UTC. */
export function daysOf(value: unknown): number {
  if (isDate(value)) {
    const nanoseconds = instantOf(value)
    if (nanoseconds % NANOSECONDS_PER_DAY !== 0n) {
      throw new UnfitValue("has a time of day (UTC); give 'YYYY-MM-DD'")
    }
    return Number(nanoseconds / NANOSECONDS_PER_DAY)
  }
  if (typeof value !== 'string') throw new UnfitValue("is neither 'YYYY-MM-DD' nor a Date")
  return parseDays(value)
}

/** The same in milliseconds, for Date64: a time of day is kept where the text has one, as reading gives it. */
export function dateMillisecondsOf(value: unknown): bigint {
  if (typeof value === 'string' && TIMESTAMP.test(value)) return timestampOf(value, 'millisecond', 'UTC')
  return BigInt(daysOf(value)) * 86_400_000n
}

function parseDays(text: string): number {
  const days = parseDate(text)
  if (days === null) throw new UnfitValue("is not a day of the form 'YYYY-MM-DD'")
  return days
}

/** A time of day in `unit`: from `HH:MM[:SS[.fraction]]`, or a bigint that already counts the unit. */
export function timeOf(value: unknown, unit: TimeUnit): bigint {
  if (typeof value === 'bigint') {
    if (value < 0n || value * NANOSECONDS_PER_UNIT[unit] > NANOSECONDS_PER_DAY) {
      throw new UnfitValue(`is not a number of ${unit}s within a day`)
    }
    return value
  }
  if (typeof value !== 'string') throw new UnfitValue("is neither 'HH:MM:SS' nor a bigint")
  return inUnit(parseTime(value), unit)
}

function parseTime(text: string): bigint {
  const nanoseconds = parseTimeOfDay(text)
  if (nanoseconds === null || nanoseconds > NANOSECONDS_PER_DAY) {
    throw new UnfitValue("is not a time of the form 'HH:MM:SS', with up to nine digits of fraction")
  }
  return nanoseconds
}

/**
 * A timestamp in `unit` since the epoch: from a `Timestamp` or `Date`, ISO 8601 text, or a bigint that
 * already counts the unit. Text without a zone offset is the wall clock of a zone-less column; for a
 * column with a zone other than UTC it would be a guess and is refused.
 */
export function timestampOf(value: unknown, unit: TimeUnit, timezone: string | null): bigint {
  if (typeof value === 'bigint') return value
  if (isDate(value)) return inUnit(instantOf(value), unit)
  if (typeof value !== 'string') throw new UnfitValue('is neither a Date nor ISO 8601 text nor a bigint')
  const match = TIMESTAMP.exec(value)
  const zone = match?.[3]
  if (match !== null && zone === undefined && timezone !== null && !isUtc(timezone)) {
    throw new UnfitValue(`has no zone offset; append one such as Z for a column in ${timezone}`)
  }
  const days = parseDays(match === null ? value : match[1])
  const time = match === null ? 0n : parseTime(match[2])
  return inUnit(BigInt(days) * NANOSECONDS_PER_DAY + time - offsetNanoseconds(zone), unit)
}

/** Nanoseconds since the epoch; a `Timestamp` knows them exactly, any other `Date` to the millisecond. */
export function instantOf(date: Date): bigint {
  const exact = (date as { epochNanoseconds?: unknown }).epochNanoseconds
  if (typeof exact === 'bigint') return exact
  const milliseconds = date.getTime()
  if (Number.isNaN(milliseconds)) throw new UnfitValue('is an invalid Date')
  return BigInt(milliseconds) * 1_000_000n
}

function isUtc(timezone: string): boolean {
  return /^(utc|z|etc\/utc|[+-]00:?00)$/i.test(timezone)
}

function offsetNanoseconds(zone: string | undefined): bigint {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0n
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(':', '') || 0)]
  if (hours > 23 || minutes > 59) throw new UnfitValue('has a zone offset that does not exist')
  const offset = BigInt(hours * 60 + minutes) * 60_000_000_000n
  return zone[0] === '-' ? -offset : offset
}

function inUnit(nanoseconds: bigint, unit: TimeUnit): bigint {
  const size = NANOSECONDS_PER_UNIT[unit]
  if (nanoseconds % size !== 0n) throw new UnfitValue(`has digits below a ${unit}`)
  return nanoseconds / size
}
