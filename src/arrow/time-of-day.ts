import { two } from './calendar.ts'
import type { TimeUnit } from './schema.ts'

const UNITS_PER_SECOND: Record<TimeUnit, number> = {
  second: 1,
  millisecond: 1_000,
  microsecond: 1_000_000,
  nanosecond: 1_000_000_000,
}

/**
 * `HH:MM:SS`, then a fraction of three, six or nine digits when there is one: the fewest that lose nothing.
 * @param count units since midnight. What is no time of day (negative, or beyond 24 hours) keeps its sign
 *   and its hours, so that nothing is lost.
 */
export function formatTime(count: number, unit: TimeUnit): string {
  const perSecond = UNITS_PER_SECOND[unit]
  const magnitude = Math.abs(count)
  const seconds = Math.floor(magnitude / perSecond)
  const nanoseconds = (magnitude - seconds * perSecond) * (1_000_000_000 / perSecond)
  return `${count < 0 ? '-' : ''}${formatTimeOfDay(seconds)}${formatFraction(nanoseconds)}`
}

export function formatTimeOfDay(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`
}

/** A dot and three, six or nine digits; nothing for zero. */
export function formatFraction(nanoseconds: number): string {
  if (nanoseconds === 0) return ''
  const digits = String(nanoseconds).padStart(9, '0')
  if (!digits.endsWith('000')) return `.${digits}`
  return `.${digits.endsWith('000000') ? digits.slice(0, 3) : digits.slice(0, 6)}`
}

/** Nanoseconds since midnight of `HH:MM[:SS[.fraction]]`, at most nine digits; null when it is no time of day. */
export function parseTimeOfDay(text: string): bigint | null {
  const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/.exec(text)
  if (match === null) return null
  const [, hours, minutes, seconds = '0', fraction = ''] = match
  if (Number(hours) > 24 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}
