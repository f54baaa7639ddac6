import { types } from 'node:util'

/**
 * Values of the language's own classes from whatever realm they come: what a context of `node:vm` made, or under
 * jest `structuredClone` and Node itself, is no `instanceof` of the classes this package sees.
 */

export function isDate(value: unknown): value is Date {
  return value instanceof Date || types.isDate(value)
}

export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || types.isUint8Array(value)
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map || types.isMap(value)
}
