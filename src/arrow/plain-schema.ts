import type { DataType, Field, Schema } from './schema.ts'

/**
 * A schema with dictionary-encoded fields, nested ones too, declared as the plain type of their values: for
 * peers that cannot take dictionaries, such as the runtime's DoPut.
 */
export function plainSchema(schema: Schema): Schema {
  return { fields: schema.fields.map(plainField), metadata: schema.metadata }
}

function plainField(field: Field): Field {
  return { ...field, type: plainType(field.type) }
}

function plainType(type: DataType): DataType {
  switch (type.kind) {
    case 'dictionary':
      return plainType(type.value)
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      return { ...type, child: plainField(type.child) }
    case 'struct':
    case 'union':
      return { ...type, children: type.children.map(plainField) }
    case 'map':
      return { ...type, entries: plainField(type.entries) }
    case 'runEndEncoded':
      return { ...type, values: plainField(type.values) }
    default:
      return type
  }
}
