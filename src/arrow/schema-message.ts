import { ProtocolError, UnsupportedError } from '../errors.ts'
import type { FlatBuffer } from './flatbuffer.ts'
import { type DataType, type Field, type IntType, NO_METADATA, type Schema, type TimeUnit } from './schema.ts'
import {
  DATE_UNITS,
  FLOAT_WIDTHS,
  INTERVAL_UNITS,
  TIME_UNITS,
  TYPE_NUMBER,
  UNION_MODES,
} from './type-numbers.ts'

/** Arrow sets no limits; these are far above any real schema and far below what could hurt. */
const MAX_DEPTH = 64
const MAX_FIELDS = 65_536

/** Reads a Schema table (Schema.fbs). Throws `ProtocolError`, or `UnsupportedError` for big-endian data. */
export function readSchema(buffer: FlatBuffer, table: number): Schema {
  if (buffer.int16Field(table, 0, 0) !== 0)
    throw new UnsupportedError(
      'Arrow data in big-endian byte order is not supported; have the server send little-endian',
    )
  const reader = new SchemaReader(buffer)
  const fields = reader.fields(table, 1, 0)
  return { fields, metadata: readMetadata(buffer, table, 2) }
}

/** Custom metadata: a vector of KeyValue tables. */
function readMetadata(buffer: FlatBuffer, table: number, index: number): ReadonlyMap<string, string> {
  const vector = buffer.vector(table, index, 4)
  const count = buffer.vectorLength(vector)
  if (count === 0) return NO_METADATA
  const metadata = new Map<string, string>()
  for (let i = 0; i < count; i++) {
    buffer.spend(16)
    const pair = buffer.follow(vector + 4 + 4 * i)
    metadata.set(buffer.string(pair, 0) ?? '', buffer.string(pair, 1) ?? '')
  }
  return metadata
}

class SchemaReader {
  readonly #buffer: FlatBuffer
  readonly #dictionaries = new Map<bigint, DataType>()
  #count = 0

  constructor(buffer: FlatBuffer) {
    this.#buffer = buffer
  }

  fields(table: number, index: number, depth: number): Field[] {
    const vector = this.#buffer.vector(table, index, 4)
    const count = this.#buffer.vectorLength(vector)
    const fields: Field[] = []
    for (let i = 0; i < count; i++) {
      this.#buffer.spend(16)
      fields.push(this.#field(this.#buffer.follow(vector + 4 + 4 * i), depth))
    }
    return fields
  }

  #field(table: number, depth: number): Field {
    if (depth > MAX_DEPTH)
      throw new ProtocolError(`Arrow schema: types are nested deeper than ${MAX_DEPTH} levels`)
    if (++this.#count > MAX_FIELDS) throw new ProtocolError(`Arrow schema: more than ${MAX_FIELDS} fields`)
    const buffer = this.#buffer
    const name = buffer.string(table, 0) ?? ''
    const nullable = buffer.boolean(table, 1)
    const children = this.fields(table, 5, depth + 1)
    const value = this.#type(name, buffer.uint8Field(table, 2, 0), buffer.table(table, 3), children)
    const encoding = buffer.table(table, 4)
    const type = encoding === 0 ? value : this.#dictionary(name, encoding, value)
    return { name, type, nullable, metadata: readMetadata(buffer, table, 6) }
  }

  #dictionary(name: string, encoding: number, value: DataType): DataType {
    const buffer = this.#buffer
    const id = buffer.bigint64Field(encoding, 0)
    const indexTable = buffer.table(encoding, 1)
    const index: IntType =
      indexTable === 0 ? { kind: 'int', bitWidth: 32, signed: true } : this.#int(name, indexTable)
    const known = this.#dictionaries.get(id)
    if (known !== undefined && shapeOf(known) !== shapeOf(value))
      throw new ProtocolError(
        `Arrow schema: dictionary ${id} has two value types (second in field "${name}")`,
      )
    this.#dictionaries.set(id, value)
    return { kind: 'dictionary', id, index, value, ordered: buffer.boolean(encoding, 2) }
  }

  #int(name: string, table: number): IntType {
    const bitWidth = this.#buffer.int32Field(table, 0, 0)
    if (bitWidth !== 8 && bitWidth !== 16 && bitWidth !== 32 && bitWidth !== 64)
      throw new ProtocolError(`Arrow schema: field "${name}" is an integer of ${bitWidth} bits`)
    return { kind: 'int', bitWidth, signed: this.#buffer.boolean(table, 1) }
  }

  #timeUnit(name: string, table: number, fallback: number): TimeUnit {
    return pick(TIME_UNITS, this.#buffer.int16Field(table, 0, fallback), name)
  }

  #only(name: string, children: readonly Field[]): Field {
    if (children.length !== 1)
      throw new ProtocolError(
        `Arrow schema: field "${name}" has ${children.length} children where one is needed`,
      )
    return children[0]!
  }

  #type(name: string, kind: number, table: number, children: readonly Field[]): DataType {
    const buffer = this.#buffer
    if (table === 0) throw new ProtocolError(`Arrow schema: field "${name}" has no type`)
    switch (kind) {
      case TYPE_NUMBER.null:
        return { kind: 'null' }
      case TYPE_NUMBER.int:
        return this.#int(name, table)
      case TYPE_NUMBER.float:
        return { kind: 'float', bitWidth: pick(FLOAT_WIDTHS, buffer.int16Field(table, 0, 0), name) }
      case TYPE_NUMBER.binary:
        return { kind: 'binary' }
      case TYPE_NUMBER.utf8:
        return { kind: 'utf8' }
      case TYPE_NUMBER.bool:
        return { kind: 'bool' }
      case TYPE_NUMBER.decimal:
        return this.#decimal(name, table)
      case TYPE_NUMBER.date:
        return {
          kind: 'date',
          unit: pick(DATE_UNITS, buffer.int16Field(table, 0, 1), name),
        }
      case TYPE_NUMBER.time:
        return this.#time(name, table)
      case TYPE_NUMBER.timestamp:
        return { kind: 'timestamp', unit: this.#timeUnit(name, table, 0), timezone: buffer.string(table, 1) }
      case TYPE_NUMBER.interval:
        return { kind: 'interval', unit: pick(INTERVAL_UNITS, buffer.int16Field(table, 0, 0), name) }
      case TYPE_NUMBER.list:
        return { kind: 'list', child: this.#only(name, children) }
      case TYPE_NUMBER.struct:
        return { kind: 'struct', children }
      case TYPE_NUMBER.union:
        return this.#union(name, table, children)
      case TYPE_NUMBER.fixedSizeBinary:
        return { kind: 'fixedSizeBinary', byteWidth: this.#width(name, buffer.int32Field(table, 0, 0)) }
      case TYPE_NUMBER.fixedSizeList: {
        const size = this.#width(name, buffer.int32Field(table, 0, 0))
        return { kind: 'fixedSizeList', size, child: this.#only(name, children) }
      }
      case TYPE_NUMBER.map: {
        const entries = this.#only(name, children)
        if (entries.type.kind !== 'struct' || entries.type.children.length !== 2)
          throw new ProtocolError(
            `Arrow schema: map field "${name}" does not hold structs of a key and a value`,
          )
        return { kind: 'map', keysSorted: buffer.boolean(table, 0), entries }
      }
      case TYPE_NUMBER.duration:
        return { kind: 'duration', unit: this.#timeUnit(name, table, 1) }
      case TYPE_NUMBER.largeBinary:
        return { kind: 'largeBinary' }
      case TYPE_NUMBER.largeUtf8:
        return { kind: 'largeUtf8' }
      case TYPE_NUMBER.largeList:
        return { kind: 'largeList', child: this.#only(name, children) }
      case TYPE_NUMBER.runEndEncoded:
        return this.#runEndEncoded(name, children)
      case TYPE_NUMBER.binaryView:
        return { kind: 'binaryView' }
      case TYPE_NUMBER.utf8View:
        return { kind: 'utf8View' }
      case TYPE_NUMBER.listView:
        return { kind: 'listView', child: this.#only(name, children) }
      case TYPE_NUMBER.largeListView:
        return { kind: 'largeListView', child: this.#only(name, children) }
      default:
        throw new UnsupportedError(`Arrow schema: field "${name}" has the unknown type number ${kind}`)
    }
  }

  #width(name: string, width: number): number {
    if (width < 0) throw new ProtocolError(`Arrow schema: field "${name}" has the negative size ${width}`)
    return width
  }

  #decimal(name: string, table: number): DataType {
    const bitWidth = this.#buffer.int32Field(table, 2, 128)
    if (bitWidth !== 32 && bitWidth !== 64 && bitWidth !== 128 && bitWidth !== 256)
      throw new ProtocolError(`Arrow schema: field "${name}" is a decimal of ${bitWidth} bits`)
    const precision = this.#buffer.int32Field(table, 0, 0)
    const scale = this.#buffer.int32Field(table, 1, 0)
    // 76 digits fill 256 bits; a scale far beyond them would only make long rows of zeros.
    if (precision < 1 || precision > 76 || Math.abs(scale) > 1000)
      throw new ProtocolError(`Arrow schema: field "${name}" is a decimal(${precision}, ${scale})`)
    return { kind: 'decimal', bitWidth, precision, scale }
  }

  #time(name: string, table: number): DataType {
    const unit = this.#timeUnit(name, table, 1)
    const bitWidth = this.#buffer.int32Field(table, 1, 32)
    if (bitWidth !== (unit === 'second' || unit === 'millisecond' ? 32 : 64))
      throw new ProtocolError(`Arrow schema: field "${name}" is a time in ${unit}s of ${bitWidth} bits`)
    return { kind: 'time', unit, bitWidth }
  }

  #union(name: string, table: number, children: readonly Field[]): DataType {
    const buffer = this.#buffer
    const mode = pick(UNION_MODES, buffer.int16Field(table, 0, 0), name)
    const vector = buffer.vector(table, 1, 4)
    const typeIds = children.map((_, i) => i)
    if (vector !== 0) {
      if (buffer.vectorLength(vector) !== children.length)
        throw new ProtocolError(
          `Arrow schema: union field "${name}" does not have one type id for each child`,
        )
      for (let i = 0; i < typeIds.length; i++) typeIds[i] = buffer.int32(vector + 4 + 4 * i)
    }
    if (typeIds.some((id) => id < 0 || id > 127) || new Set(typeIds).size !== typeIds.length)
      throw new ProtocolError(`Arrow schema: union field "${name}" has type ids that repeat or exceed 127`)
    return { kind: 'union', mode, typeIds, children }
  }

  #runEndEncoded(name: string, children: readonly Field[]): DataType {
    const [runEnds, values] = children
    const index = runEnds?.type
    if (children.length !== 2 || index?.kind !== 'int' || !index.signed || index.bitWidth === 8)
      throw new ProtocolError(`Arrow schema: run-end encoded field "${name}" lacks 16, 32 or 64-bit run ends`)
    return { kind: 'runEndEncoded', runEnds: runEnds!, values: values! }
  }
}

/** A type without the metadata of its fields, as text that two types can be compared by. */
function shapeOf(type: DataType): string {
  return JSON.stringify(type, (_, part) =>
    typeof part === 'bigint' ? String(part) : part instanceof Map ? undefined : part,
  )
}

function pick<T>(choices: readonly T[], index: number, name: string): T {
  const choice = choices[index]
  if (choice === undefined)
    throw new ProtocolError(`Arrow schema: field "${name}" has an unknown unit or precision`)
  return choice
}
