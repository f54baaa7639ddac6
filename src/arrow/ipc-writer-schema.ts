import type { FlatbufferWriter, TableField } from './flatbuffer-writer.ts'
import type { DataType, Field, Schema, TimeUnit } from './schema.ts'

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
  const [typeNumber, typeTable] = writeType(writer, plain)
  const name = writer.string(field.name)
  return writer.table([
    { as: 'offset', value: name },
    field.nullable ? { as: 'int8', value: 1 } : null,
    { as: 'int8', value: typeNumber },
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
  const [, index] = writeType(writer, type.index)
  const encoding = writer.table([
    { as: 'int64', value: type.id },
    { as: 'offset', value: index },
    type.ordered ? { as: 'int8', value: 1 } : null,
  ])
  return { as: 'offset', value: encoding }
}

const UNIT_NUMBER: Record<TimeUnit, number> = { second: 0, millisecond: 1, microsecond: 2, nanosecond: 3 }
const FLOAT_PRECISION = { 16: 0, 32: 1, 64: 2 } as const
const INTERVAL_UNIT = { yearMonth: 0, dayTime: 1, monthDayNano: 2 } as const

/** Numbers of the `Type` union of Schema.fbs, for types whose table has no fields. */
const PLAIN_TYPE_NUMBER: Partial<Record<DataType['kind'], number>> = {
  null: 1,
  binary: 4,
  utf8: 5,
  bool: 6,
  list: 12,
  struct: 13,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  runEndEncoded: 22,
  binaryView: 23,
  utf8View: 24,
  listView: 25,
  largeListView: 26,
}

/** Returns the type's number in the `Type` union and the offset of its table. */
function writeType(writer: FlatbufferWriter, type: DataType): [number: number, table: number] {
  const int32 = (value: number): TableField => ({ as: 'int32', value })
  const int16 = (value: number): TableField => ({ as: 'int16', value })
  switch (type.kind) {
    case 'int':
      return [2, writer.table([int32(type.bitWidth), type.signed ? { as: 'int8', value: 1 } : null])]
    case 'float':
      return [3, writer.table([int16(FLOAT_PRECISION[type.bitWidth])])]
    case 'decimal':
      return [7, writer.table([int32(type.precision), int32(type.scale), int32(type.bitWidth)])]
    case 'date':
      return [8, writer.table([int16(type.unit === 'day' ? 0 : 1)])]
    case 'time':
      return [9, writer.table([int16(UNIT_NUMBER[type.unit]), int32(type.bitWidth)])]
    case 'timestamp': {
      const zone = type.timezone === null ? null : writer.string(type.timezone)
      return [
        10,
        writer.table([int16(UNIT_NUMBER[type.unit]), zone === null ? null : { as: 'offset', value: zone }]),
      ]
    }
    case 'interval':
      return [11, writer.table([int16(INTERVAL_UNIT[type.unit])])]
    case 'union': {
      const typeIds = writer.int32Vector(type.typeIds)
      return [14, writer.table([int16(type.mode === 'sparse' ? 0 : 1), { as: 'offset', value: typeIds }])]
    }
    case 'fixedSizeBinary':
      return [15, writer.table([int32(type.byteWidth)])]
    case 'fixedSizeList':
      return [16, writer.table([int32(type.size)])]
    case 'map':
      return [17, writer.table([type.keysSorted ? { as: 'int8', value: 1 } : null])]
    case 'duration':
      return [18, writer.table([int16(UNIT_NUMBER[type.unit])])]
    case 'dictionary':
      throw new TypeError('A dictionary is written with the type of its values.')
    default:
      return [PLAIN_TYPE_NUMBER[type.kind]!, writer.table([])]
  }
}
