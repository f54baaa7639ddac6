/** What `JSON.stringify` writes without loss. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/**
 * Rows as JSON can carry them, without losing anything: bigints as digits, instants as ISO 8601, bytes as
 * lower-case hexadecimal (as the runtime's own JSON has them), maps as objects when their keys are text
 * and as `[key, value]` pairs otherwise, NaN and infinities as their names.
 */
export function jsonSafeRows(rows: readonly unknown[]): JsonValue[] {
  return rows.map(jsonSafe)
}

function jsonSafe(value: unknown): JsonValue {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return String(value)
    case 'object':
      break
    case 'undefined':
      return null
    default:
      return value as string | boolean
  }
  if (value === null) return null
  if (value instanceof Date) return value.toJSON()
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
  if (Array.isArray(value)) return value.map(jsonSafe)
  if (!(value instanceof Map)) return jsonSafeObject(Object.entries(value))
  const entries = [...value]
  if (entries.every(([key]) => typeof key === 'string')) return jsonSafeObject(entries as [string, unknown][])
  return entries.map(([key, member]) => [jsonSafe(key), jsonSafe(member)])
}

function jsonSafeObject(entries: readonly (readonly [string, unknown])[]): { [key: string]: JsonValue } {
  // fromEntries defines properties, so that a column named __proto__ stays one.
  return Object.fromEntries(entries.map(([key, value]) => [key, jsonSafe(value)]))
}
