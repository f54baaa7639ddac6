import type { DataType, Field } from '../arrow/schema.ts'
import { typeName } from '../arrow/type-name.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readInferred } from './json-inferred.ts'
import type { JsonReader } from './json-readers.ts'

/** What a JSON value can be told by before it is read. */
type Form = 'boolean' | 'whole' | 'fraction' | 'text' | 'list' | 'object'

/**
 * Reads a union's values as the member whose JSON has their form. Which member a value belongs to is not in the
 * JSON: where several have that form or none has, its JSON value is all there is.
 */
export function unionReader(
  children: readonly Field[],
  readerOf: (type: DataType) => JsonReader,
): JsonReader {
  const readers = new Map<Form, JsonReader>()
  for (const form of ['boolean', 'whole', 'fraction', 'text', 'list', 'object'] as const) {
    const members = new Map<string, DataType>()
    for (const { type } of children) if (hasForm(type, form)) members.set(typeName(type), type)
    const [only] = members.values()
    if (members.size === 1) readers.set(form, readerOf(only))
  }
  return (cursor) => (readers.get(formAt(cursor)) ?? readInferred)(cursor)
}

/** Whether values of a type are written so; within unions the runtime writes decimals as text. */
function hasForm(type: DataType, form: Form): boolean {
  switch (type.kind) {
    case 'null':
    case 'union':
      return false
    case 'bool':
      return form === 'boolean'
    case 'int':
      return form === 'whole'
    case 'float':
      return form === 'fraction'
    case 'decimal':
      return form === 'whole' || form === 'fraction' || form === 'text'
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      return form === 'list'
    case 'struct':
    case 'map':
      return form === 'object'
    case 'dictionary':
      return hasForm(type.value, form)
    case 'runEndEncoded':
      return hasForm(type.values.type, form)
    default:
      return form === 'text'
  }
}

function formAt(cursor: JsonCursor): Form {
  switch (cursor.peek()) {
    case 0x22:
      return 'text'
    case 0x5b:
      return 'list'
    case 0x7b:
      return 'object'
    case 0x74:
    case 0x66:
      return 'boolean'
    default: {
      const start = cursor.position
      const text = cursor.numberText()
      cursor.position = start
      return /[.eE]/.test(text) ? 'fraction' : 'whole'
    }
  }
}
