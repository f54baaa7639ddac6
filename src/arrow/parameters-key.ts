import { isBytes, isDate } from './any-realm.ts'
import type { Parameters } from './parameters.ts'
import type { DataType } from './schema.ts'
import { TypedParameter } from './typed-parameter.ts'

/** Keys beyond this many characters are not worth keeping. */
const MAX_KEY_LENGTH = 4096

/**
 * A text that is the same for two sets of parameters only when they have the same names, types and values,
 * so that what was bound before can be found without encoding again. Null when it would be too long, or
 * when something is among the parameters that cannot be keyed.
 */
export function parametersKey(parameters: Parameters): string | null {
  let key = ''
  if (Array.isArray(parameters)) {
    for (let i = 0; i < parameters.length; i++) {
      const part = keyOf(parameters[i], 0)
      if (part === null || key.length + part.length > MAX_KEY_LENGTH) return null
      key += part
    }
    return key
  }
  for (const [name, value] of Object.entries(parameters)) {
    const part = keyOf(value, 0)
    if (part === null || key.length + name.length + part.length > MAX_KEY_LENGTH) return null
    key += `${name}=${part}`
  }
  return `{${key}`
}

/** Every part tells its own length or ends with a mark that cannot occur in it. */
function keyOf(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_KEY_LENGTH ? null : `s${value.length}:${value}`
    case 'number':
      return Object.is(value, -0) ? '-0;' : `${value};`
    case 'bigint':
      return `${value}n`
    case 'boolean':
      return value ? 't' : 'f'
    case 'object':
      return value === null ? '_' : keyOfObject(value, depth)
    default:
      return null
  }
}

function keyOfObject(value: object, depth: number): string | null {
  if (value instanceof TypedParameter) {
    const inner = keyOf(value.value, depth + 1)
    return inner === null ? null : `p${typeKey(value.type)}${inner}`
  }
  if (isDate(value)) {
    const exact = (value as { epochNanoseconds?: bigint }).epochNanoseconds
    return exact === undefined ? `d${value.getTime()};` : `D${exact};`
  }
  if (isBytes(value)) {
    if (value.length > MAX_KEY_LENGTH / 2) return null
    return `b${value.length}:${Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')}`
  }
  if (!Array.isArray(value) || value.length > MAX_KEY_LENGTH || depth > 8) return null
  let key = '['
  for (let i = 0; i < value.length; i++) {
    const part = keyOf(value[i], depth + 1)
    if (part === null || key.length > MAX_KEY_LENGTH) return null
    key += part
  }
  return `${key}]`
}

const typeKeys = new WeakMap<DataType, string>()

/** A text that is the same only for the same type. */
export function typeKey(type: DataType): string {
  let key = typeKeys.get(type)
  if (key === undefined) {
    const text = JSON.stringify(type, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    key = `${text.length}:${text}`
    typeKeys.set(type, key)
  }
  return key
}
