import { type DataType, type Field, NO_METADATA, type Schema, type TimeUnit } from '../arrow/schema.ts'
import { ProtocolError } from '../errors.ts'

/**
 * The Arrow schema as arrow-rs serialises it to JSON, which is how `/v1/sql` replies carry theirs: a
 * plain name for simple types (`"Int64"`), an object of one key for others (`{"Decimal128":[10,2]}`).
 */
export function readSerdeSchema(json: unknown): Schema {
  const { fields, metadata } = object(json, 'schema')
  // A result without any batch has the schema `{}`.
  if (fields === undefined) return { fields: [], metadata: NO_METADATA }
  return { fields: array(fields, 'fields').map((one) => readField(one, 0)), metadata: readMetadata(metadata) }
}

const SIMPLE: Record<string, DataType> = {
  Null: { kind: 'null' },
  Boolean: { kind: 'bool' },
  Float16: { kind: 'float', bitWidth: 16 },
  Float32: { kind: 'float', bitWidth: 32 },
  Float64: { kind: 'float', bitWidth: 64 },
  Utf8: { kind: 'utf8' },
  LargeUtf8: { kind: 'largeUtf8' },
  Utf8View: { kind: 'utf8View' },
  Binary: { kind: 'binary' },
  LargeBinary: { kind: 'largeBinary' },
  BinaryView: { kind: 'binaryView' },
  Date32: { kind: 'date', unit: 'day' },
  Date64: { kind: 'date', unit: 'millisecond' },
}
for (const bitWidth of [8, 16, 32, 64] as const) {
  SIMPLE[`Int${bitWidth}`] = { kind: 'int', bitWidth, signed: true }
  SIMPLE[`UInt${bitWidth}`] = { kind: 'int', bitWidth, signed: false }
}

const UNITS: Record<string, TimeUnit> = {
  Second: 'second',
  Millisecond: 'millisecond',
  Microsecond: 'microsecond',
  Nanosecond: 'nanosecond',
}

const INTERVALS: Record<string, 'yearMonth' | 'dayTime' | 'monthDayNano'> = {
  YearMonth: 'yearMonth',
  DayTime: 'dayTime',
  MonthDayNano: 'monthDayNano',
}

/** Deeper types than any real schema has; the reader is recursive. */
const MAX_DEPTH = 64

function readField(json: unknown, depth: number): Field {
  const { name, data_type, nullable, metadata } = object(json, 'field')
  if (typeof name !== 'string') throw new ProtocolError('Schema of the reply: a field without a name')
  return {
    name,
    type: readType(data_type, depth),
    nullable: nullable !== false,
    metadata: readMetadata(metadata),
  }
}

function readType(json: unknown, depth: number): DataType {
  if (depth > MAX_DEPTH)
    throw new ProtocolError(`Schema of the reply: nested deeper than ${MAX_DEPTH} levels`)
  if (typeof json === 'string') {
    if (Object.hasOwn(SIMPLE, json)) return SIMPLE[json]
    throw unknownType(json)
  }
  const entries = Object.entries(object(json, 'data_type'))
  if (entries.length !== 1) throw unknownType(json)
  const [name, given] = entries[0]
  const child = (field: unknown) => readField(field, depth + 1)
  switch (name) {
    case 'FixedSizeBinary':
      return { kind: 'fixedSizeBinary', byteWidth: whole(given, name) }
    case 'Time32':
    case 'Time64':
      return { kind: 'time', unit: pick(UNITS, given, name), bitWidth: name === 'Time32' ? 32 : 64 }
    case 'Timestamp': {
      const [unit, timezone] = array(given, name)
      return {
        kind: 'timestamp',
        unit: pick(UNITS, unit, name),
        timezone: typeof timezone === 'string' ? timezone : null,
      }
    }
    case 'Duration':
      return { kind: 'duration', unit: pick(UNITS, given, name) }
    case 'Interval':
      return { kind: 'interval', unit: pick(INTERVALS, given, name) }
    case 'Decimal32':
    case 'Decimal64':
    case 'Decimal128':
    case 'Decimal256': {
      const [precision, scale] = array(given, name)
      const bitWidth = Number(name.slice(7)) as 32 | 64 | 128 | 256
      return { kind: 'decimal', bitWidth, precision: whole(precision, name), scale: whole(scale, name) }
    }
    case 'List':
      return { kind: 'list', child: child(given) }
    case 'LargeList':
      return { kind: 'largeList', child: child(given) }
    case 'ListView':
      return { kind: 'listView', child: child(given) }
    case 'LargeListView':
      return { kind: 'largeListView', child: child(given) }
    case 'FixedSizeList': {
      const [field, size] = array(given, name)
      return { kind: 'fixedSizeList', child: child(field), size: whole(size, name) }
    }
    case 'Struct':
      return { kind: 'struct', children: array(given, name).map(child) }
    case 'Map': {
      const [entriesField, keysSorted] = array(given, name)
      const entries = child(entriesField)
      if (entries.type.kind !== 'struct' || entries.type.children.length !== 2) throw unknownType(json)
      return { kind: 'map', entries, keysSorted: keysSorted === true }
    }
    case 'Union': {
      const [members, mode] = array(given, name)
      const pairs = array(members, name).map((member) => array(member, name))
      return {
        kind: 'union',
        mode: mode === 'Dense' ? 'dense' : 'sparse',
        typeIds: pairs.map(([id]) => whole(id, name)),
        children: pairs.map(([, field]) => child(field)),
      }
    }
    case 'Dictionary': {
      const [index, value] = array(given, name)
      const indexType = readType(index, depth + 1)
      if (indexType.kind !== 'int') throw unknownType(json)
      return {
        kind: 'dictionary',
        id: 0n,
        index: indexType,
        value: readType(value, depth + 1),
        ordered: false,
      }
    }
    case 'RunEndEncoded': {
      const [runEnds, values] = array(given, name)
      return { kind: 'runEndEncoded', runEnds: child(runEnds), values: child(values) }
    }
    default:
      throw unknownType(json)
  }
}

function readMetadata(json: unknown): ReadonlyMap<string, string> {
  if (json === undefined || json === null) return NO_METADATA
  const entries = Object.entries(object(json, 'metadata'))
  return entries.length === 0 ? NO_METADATA : new Map(entries.map(([key, value]) => [key, String(value)]))
}

function object(json: unknown, what: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>
  throw new ProtocolError(`Schema of the reply: ${what} is no object but ${excerpt(json)}`)
}

function array(json: unknown, what: string): unknown[] {
  if (Array.isArray(json)) return json
  throw new ProtocolError(`Schema of the reply: ${what} is no array but ${excerpt(json)}`)
}

function whole(json: unknown, what: string): number {
  if (Number.isSafeInteger(json)) return json as number
  throw new ProtocolError(`Schema of the reply: ${what} has ${excerpt(json)} where a whole number belongs`)
}

function pick<Value>(known: Record<string, Value>, json: unknown, what: string): Value {
  if (typeof json === 'string' && Object.hasOwn(known, json)) return known[json]
  throw new ProtocolError(`Schema of the reply: ${what} has the unknown unit ${excerpt(json)}`)
}

function unknownType(json: unknown): ProtocolError {
  return new ProtocolError(`Schema of the reply: unknown data type ${excerpt(json)}`)
}

function excerpt(json: unknown): string {
  return (JSON.stringify(json) ?? 'nothing').slice(0, 100)
}
