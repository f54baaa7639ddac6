import { isBytes, isDate } from './any-realm.ts'

/**
 * A JavaScript value that an Arrow type cannot hold. Thrown by the converters, which do not know where
 * the value came from; whoever walks the values turns it into an error that says so.
 */
export class UnfitValue extends Error {}

/** A value as an error message can carry it. */
export function quoteValue(value: unknown): string {
  const text = describe(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (typeof value === 'bigint') return `${value}n`
  if (isDate(value)) return value.toJSON() ?? 'an invalid Date'
  if (isBytes(value)) return `${value.length} bytes`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null)
    return `an object (${value.constructor?.name ?? 'null prototype'})`
  return String(value)
}
