import { rowKeys } from '../arrow/row-keys.ts'
import { ProtocolError } from '../errors.ts'
import { type JsonCursor, MAX_JSON_DEPTH, MAX_NUMBER_LENGTH } from './json-cursor.ts'

/**
 * A JSON value without a schema. Whole numbers beyond 2^53 become bigints, and a fraction with more digits
 * than a double holds stays the text it was: nothing is rounded, at the price of a type that varies.
 */
export function readInferred(cursor: JsonCursor, depth = 0): unknown {
  if (cursor.takeNull()) return null
  const byte = cursor.peek()
  switch (byte) {
    case 0x22:
      return cursor.string()
    case 0x74:
    case 0x66:
      return cursor.boolean()
    case 0x7b:
      return readObject(cursor, depth)
    case 0x5b: {
      const list: unknown[] = []
      cursor.position++
      if (cursor.take(0x5d)) return list
      do list.push(readInferred(cursor, nest(depth)))
      while (cursor.more(0x5d))
      return list
    }
    default:
      return inferredNumber(cursor)
  }
}

/** The members of a JSON object in order, `[name, value, …]`; a name that comes again is told apart as in any result. */
function readMembers(cursor: JsonCursor, depth: number): { keys: string[]; values: unknown[] } {
  const fields: { name: string }[] = []
  const values: unknown[] = []
  cursor.expect(0x7b)
  if (!cursor.take(0x7d)) {
    do {
      fields.push({ name: cursor.string() })
      cursor.expect(0x3a)
      values.push(readInferred(cursor, nest(depth)))
    } while (cursor.more(0x7d))
  }
  return { keys: rowKeys(fields), values }
}

/** Sets a property whatever its name: assigning to `__proto__` would set the prototype instead. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

function readObject(cursor: JsonCursor, depth: number): Record<string, unknown> {
  const { keys, values } = readMembers(cursor, depth)
  const object: Record<string, unknown> = {}
  for (let i = 0; i < keys.length; i++) setOwn(object, keys[i], values[i])
  return object
}

function inferredNumber(cursor: JsonCursor): number | bigint | string {
  const text = cursor.numberText()
  const value = Number(text)
  if (text.length > MAX_NUMBER_LENGTH || !Number.isFinite(value)) return text
  if (!/[.eE]/.test(text)) return Number.isSafeInteger(value) ? value : BigInt(text)
  return text.length <= 16 || significantDigits(text) === significantDigits(String(value)) ? value : text
}

/** A number's digits and the place of its point, whatever way it is written. */
function significantDigits(text: string): string {
  const [mantissa, exponent = '0'] = text.replace('-', '').toLowerCase().split('e')
  const [whole, fraction = ''] = mantissa.split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const digits = all.replace(/0+$/, '')
  return digits === '' ? '0' : `${digits}e${Number(exponent) - fraction.length + all.length - digits.length}`
}

function nest(depth: number): number {
  if (depth >= MAX_JSON_DEPTH) throw new ProtocolError(`JSON nested deeper than ${MAX_JSON_DEPTH} levels`)
  return depth + 1
}
