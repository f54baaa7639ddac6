import type { FlatbufferWriter, TableField } from './flatbuffer-writer.ts'
import type { DataType, Field, Schema } from './schema.ts'
import {
  DATE_UNITS,
  FLOAT_WIDTHS,
  INTERVAL_UNITS,
  TIME_UNITS,
  TYPE_NUMBER,
  UNION_MODES,
} from './type-numbers.ts'

/** Writes the schema table of the format's Schema.fbs. Returns its offset. */
export function writeSchema(writer: FlatbufferWriter, schema: Schema): number {
  const fields = writer.offsetVector(schema.fields.map((field) => writeField(writer, field)))
  const metadata = writeMetadata(writer, schema.metadata)
  return writer.table([null, { as: 'offset', value: fields }, metadata])
}

/** The child fields of a type, in the order in which its child arrays are laid out. */
export function childFields(type: DataType): readonly Field[] {
  switch (type.kind) {
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      return [type.child]
    case 'struct':
    case 'union':
      return type.children
    case 'map':
      return [type.entries]
    case 'runEndEncoded':
      return [type.runEnds, type.values]
    case 'dictionary':
      return childFields(type.value)
    default:
      return []
  }
}

function writeField(writer: FlatbufferWriter, field: Field): number {
  // A dictionary-encoded field is declared with the type of its values; the encoding stands beside it.
  const plain = field.type.kind === 'dictionary' ? field.type.value : field.type
  const children = writer.offsetVector(childFields(plain).map((child) => writeField(writer, child)))
  const metadata = writeMetadata(writer, field.metadata)
  const dictionary = field.type.kind === 'dictionary' ? writeEncoding(writer, field.type) : null
  if (plain.kind === 'dictionary') throw new TypeError('A dictionary cannot have dictionary-encoded values.')
  const typeTable = writeType(writer, plain)
  const name = writer.string(field.name)
  return writer.table([
    { as: 'offset', value: name },
    field.nullable ? { as: 'int8', value: 1 } : null,
    { as: 'int8', value: TYPE_NUMBER[plain.kind] },
    { as: 'offset', value: typeTable },
    dictionary,
    { as: 'offset', value: children },
    metadata,
  ])
}

function writeMetadata(writer: FlatbufferWriter, metadata: ReadonlyMap<string, string>): TableField | null {
  if (metadata.size === 0) return null
  const entries = [...metadata].map(([key, value]) => {
    const keyOffset = writer.string(key)
    const valueOffset = writer.string(value)
    return writer.table([
      { as: 'offset', value: keyOffset },
      { as: 'offset', value: valueOffset },
    ])
  })
  return { as: 'offset', value: writer.offsetVector(entries) }
}

function writeEncoding(
  writer: FlatbufferWriter,
  type: Extract<DataType, { kind: 'dictionary' }>,
): TableField {
  const index = writeType(writer, type.index)
  const encoding = writer.table([
    { as: 'int64', value: type.id },
    { as: 'offset', value: index },
    type.ordered ? { as: 'int8', value: 1 } : null,
  ])
  return { as: 'offset', value: encoding }
}

/** Returns the offset of the type's table, whose fields are those of Schema.fbs. */
function writeType(writer: FlatbufferWriter, type: DataType): number {
  const int32 = (value: number): TableField => ({ as: 'int32', value })
  const int16 = (value: number): TableField => ({ as: 'int16', value })
  switch (type.kind) {
    case 'int':
      return writer.table([int32(type.bitWidth), type.signed ? { as: 'int8', value: 1 } : null])
    case 'float':
      return writer.table([int16(FLOAT_WIDTHS.indexOf(type.bitWidth))])
    case 'decimal':
      return writer.table([int32(type.precision), int32(type.scale), int32(type.bitWidth)])
    case 'date':
      return writer.table([int16(DATE_UNITS.indexOf(type.unit))])
    case 'time':
      return writer.table([int16(TIME_UNITS.indexOf(type.unit)), int32(type.bitWidth)])
    case 'timestamp': {
      const zone = type.timezone === null ? null : writer.string(type.timezone)
      return writer.table([
        int16(TIME_UNITS.indexOf(type.unit)),
        zone === null ? null : { as: 'offset', value: zone },
      ])
    }
    case 'interval':
      return writer.table([int16(INTERVAL_UNITS.indexOf(type.unit))])
    case 'union': {
      const typeIds = writer.int32Vector(type.typeIds)
      return writer.table([int16(UNION_MODES.indexOf(type.mode)), { as: 'offset', value: typeIds }])
    }
    case 'fixedSizeBinary':
      return writer.table([int32(type.byteWidth)])
    case 'fixedSizeList':
      return writer.table([int32(type.size)])
    case 'map':
      return writer.table([type.keysSorted ? { as: 'int8', value: 1 } : null])
    case 'duration':
      return writer.table([int16(TIME_UNITS.indexOf(type.unit))])
    default:
      return writer.table([])
  }
}
