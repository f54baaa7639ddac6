import { OptionsError } from './errors.ts'

/** One option's rule. Nested options have `fields`. */
export interface Check {
  /** What may be given, as the message says it. */
  allowed: string
  accepts(value: unknown): boolean
  fields?: Fields
}

export type Fields = Readonly<Record<string, Check>>

/** @param where `option`, `query option`. Throws `OptionsError` naming the option, the value and what is allowed. */
export function checkOptions(given: object, fields: Fields, where: string, prefix = ''): void {
  for (const [key, value] of Object.entries(given)) {
    const name = `${where} ${prefix}${key}`
    if (!Object.hasOwn(fields, key)) {
      const meant = nearest(key, Object.keys(fields))
      throw new OptionsError(
        `${name} is unknown${meant ? `; did you mean ${prefix}${meant}?` : `; known: ${Object.keys(fields).join(', ')}`}`,
      )
    }
    const check = fields[key]
    if (value === undefined) continue
    if (!check.accepts(value))
      throw new OptionsError(`${name}: ${show(value)} given, ${check.allowed} allowed`)
    if (check.fields) checkOptions(value as object, check.fields, where, `${prefix}${key}.`)
  }
}

export function oneOf(...values: string[]): Check {
  return {
    allowed: values.map((value) => `'${value}'`).join(' | '),
    accepts: (value) => values.includes(value as string),
  }
}

/** Beyond this a Node timer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** @param most Infinity for a limit that can be left out */
export function milliseconds(least: number, most = LONGEST_TIMER): Check {
  const longest = Math.min(most, LONGEST_TIMER)
  return {
    allowed: `milliseconds from ${least} to ${longest}${most === Infinity ? ' or Infinity' : ''}`,
    accepts: (value) => typeof value === 'number' && value >= least && (value <= longest || value === most),
  }
}

export function count(least: number, most: number): Check {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  }
}

export function text(allowed: string, orUrl = false): Check {
  return {
    allowed,
    accepts: (value) => (typeof value === 'string' && value !== '') || (orUrl && value instanceof URL),
  }
}

export const boolean: Check = { allowed: 'true | false', accepts: (value) => typeof value === 'boolean' }

export const anything: Check = { allowed: 'anything', accepts: () => true }

/** Header names and values that can go out without changing the request around them. */
export const record: Check = {
  allowed: 'an object of lower-case header names and printable ASCII values',
  accepts: (value) =>
    isPlainObject(value) &&
    Object.entries(value).every(
      ([name, content]) =>
        /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) &&
        typeof content === 'string' &&
        /^[\t\x20-\x7e]*$/.test(content),
    ),
}

export function shape(fields: Fields): Check {
  return { allowed: `an object of ${Object.keys(fields).join(', ')}`, accepts: isPlainObject, fields }
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** The known key that differs in at most two letters, case aside. */
function nearest(key: string, known: string[]): string | undefined {
  let best: string | undefined
  let least = 3
  for (const candidate of known) {
    const distance = editDistance(key.toLowerCase().slice(0, 64), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(previous[column] + 1, current[column - 1] + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]
}
