import { formatDate, two } from '../../arrow/calendar.ts'
import type { TimeUnit } from '../../arrow/schema.ts'

/**
 * The text arrow-rs shows for values that JSON has no type for. A fraction of a second is left out when
 * it is zero, and otherwise has three, six or nine digits.
 */

const UNITS_PER_SECOND: Record<TimeUnit, number> = {
  second: 1,
  millisecond: 1e3,
  microsecond: 1e6,
  nanosecond: 1e9,
}
const SECONDS_PER_DAY = 86_400
/** The first and last day a date can be shown for: the years -262143 and 262142, as in arrow-rs. */
const MIN_DAY = -96_465_292
const MAX_DAY = 95_026_236

/** `2024-01-31` for days since 1970-01-01. Throws `RangeError` for a date beyond arrow-rs's calendar. */
export function dateText(days: number): string {
  if (days < MIN_DAY || days > MAX_DAY)
    throw new RangeError(`day ${days} since 1970-01-01 is no date that can be shown`)
  return formatDate(days, yearText)
}

/**
 * Shows timestamps as `2024-01-31T12:00:00.123`, with `Z` behind it for a zone, which is always UTC here.
 * Remembers the last date: the timestamps of a column are often close together.
 */
export function timestampFormatter(unit: TimeUnit, zoned: boolean): (value: bigint | number) => string {
  const perDay = UNITS_PER_SECOND[unit] * SECONDS_PER_DAY
  const zone = zoned ? 'Z' : ''
  let lastDay = Number.NaN
  let lastDate = ''
  return (value) => {
    let day: number
    let ofDay: number
    if (typeof value === 'number') {
      day = Math.floor(value / perDay)
      ofDay = value - day * perDay
    } else {
      const divisor = BigInt(perDay)
      const remainder = ((value % divisor) + divisor) % divisor
      day = Number((value - remainder) / divisor)
      ofDay = Number(remainder)
    }
    if (day !== lastDay) {
      lastDate = dateText(day)
      lastDay = day
    }
    return `${lastDate}T${timeText(ofDay, unit)}${zone}`
  }
}

/** `12:00:00.123` for a time since midnight. */
export function timeText(value: number, unit: TimeUnit): string {
  const perSecond = UNITS_PER_SECOND[unit]
  const seconds = Math.floor(value / perSecond)
  const fraction = (value - seconds * perSecond) * (1e9 / perSecond)
  const clock = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return clock + fractionText(fraction)
}

/** `1 mons 2 days 3 hours 4 mins 5.000000000 secs`; parts that are zero are left out. */
export function intervalText(months: number, days: number, nanoseconds: bigint): string {
  const parts: string[] = []
  if (months !== 0) parts.push(`${months} mons`)
  if (days !== 0) parts.push(`${days} days`)
  const seconds = nanoseconds / 1_000_000_000n
  const hours = seconds / 3_600n
  const minutes = (seconds / 60n) % 60n
  const rest = nanoseconds % 60_000_000_000n
  if (hours !== 0n) parts.push(`${hours} hours`)
  if (minutes !== 0n) parts.push(`${minutes} mins`)
  if (rest !== 0n) {
    const absolute = rest < 0n ? -rest : rest
    const fraction = String(absolute % 1_000_000_000n).padStart(9, '0')
    parts.push(`${rest < 0n ? '-' : ''}${absolute / 1_000_000_000n}.${fraction} secs`)
  }
  return parts.join(' ')
}

/** A decimal with all digits of its scale: 12340 at scale 3 is `12.340`. */
export function decimalText(unscaled: bigint | number, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled)
  const negative = digits.startsWith('-')
  const padded = (negative ? digits.slice(1) : digits).padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

/** The shortest digits that give back the same float, always with a point or an exponent; finite values only. */
export function floatText(value: number, bitWidth: 16 | 32 | 64): string {
  let digits = String(value)
  if (bitWidth === 32) {
    for (let precision = 6; precision <= 9; precision++) {
      const candidate = Number(value.toPrecision(precision))
      if (Math.fround(candidate) === value) {
        digits = String(candidate)
        break
      }
    }
  }
  if (Object.is(value, -0)) digits = '-0'
  return /[.e]/.test(digits) ? digits : `${digits}.0`
}

function fractionText(nanoseconds: number): string {
  if (nanoseconds === 0) return ''
  const digits = String(nanoseconds).padStart(9, '0')
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`
  return digits.endsWith('000') ? `.${digits.slice(0, 6)}` : `.${digits}`
}

/** arrow-rs signs a year beyond four digits and does not pad it further. */
function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0')
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(4, '0')}`
}
