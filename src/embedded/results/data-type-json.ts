import type { DataType, Field, Schema, TimeUnit } from '../../arrow/schema.ts'

/** The schema as arrow-rs serialises it, for `application/vnd.spiceai.sql.v1+json`. */
export function schemaJson(schema: Schema): object {
  return { fields: schema.fields.map(fieldJson), metadata: Object.fromEntries(schema.metadata) }
}

function fieldJson(field: Field): object {
  return {
    name: field.name,
    data_type: dataTypeJson(field.type),
    nullable: field.nullable,
    dict_id: field.type.kind === 'dictionary' ? Number(field.type.id) : 0,
    dict_is_ordered: field.type.kind === 'dictionary' && field.type.ordered,
    metadata: Object.fromEntries(field.metadata),
  }
}

const UNITS: Record<TimeUnit, string> = {
  second: 'Second',
  millisecond: 'Millisecond',
  microsecond: 'Microsecond',
  nanosecond: 'Nanosecond',
}

/** A type without parameters is its name; one with parameters is an object of one key. */
function dataTypeJson(type: DataType): unknown {
  switch (type.kind) {
    case 'null':
      return 'Null'
    case 'bool':
      return 'Boolean'
    case 'int':
      return `${type.signed ? 'Int' : 'UInt'}${type.bitWidth}`
    case 'float':
      return `Float${type.bitWidth}`
    case 'decimal':
      return { [`Decimal${type.bitWidth}`]: [type.precision, type.scale] }
    case 'utf8':
      return 'Utf8'
    case 'largeUtf8':
      return 'LargeUtf8'
    case 'utf8View':
      return 'Utf8View'
    case 'binary':
      return 'Binary'
    case 'largeBinary':
      return 'LargeBinary'
    case 'binaryView':
      return 'BinaryView'
    case 'fixedSizeBinary':
      return { FixedSizeBinary: type.byteWidth }
    case 'date':
      return type.unit === 'day' ? 'Date32' : 'Date64'
    case 'time':
      return { [`Time${type.bitWidth}`]: UNITS[type.unit] }
    case 'timestamp':
      return { Timestamp: [UNITS[type.unit], type.timezone] }
    case 'duration':
      return { Duration: UNITS[type.unit] }
    case 'interval':
      return { Interval: `${type.unit[0].toUpperCase()}${type.unit.slice(1)}` }
    case 'list':
      return { List: fieldJson(type.child) }
    case 'largeList':
      return { LargeList: fieldJson(type.child) }
    case 'listView':
      return { ListView: fieldJson(type.child) }
    case 'largeListView':
      return { LargeListView: fieldJson(type.child) }
    case 'fixedSizeList':
      return { FixedSizeList: [fieldJson(type.child), type.size] }
    case 'struct':
      return { Struct: type.children.map(fieldJson) }
    case 'map':
      return { Map: [fieldJson(type.entries), type.keysSorted] }
    case 'union':
      return {
        Union: [
          type.children.map((child, index) => [type.typeIds[index], fieldJson(child)]),
          type.mode === 'dense' ? 'Dense' : 'Sparse',
        ],
      }
    case 'dictionary':
      return { Dictionary: [dataTypeJson(type.index), dataTypeJson(type.value)] }
    case 'runEndEncoded':
      return { RunEndEncoded: [fieldJson(type.runEnds), fieldJson(type.values)] }
  }
}
