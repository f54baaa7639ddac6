import { type ObjectBuilder, objectBuilder } from '../arrow/object-builder.ts'
import { rowKeys } from '../arrow/row-keys.ts'
import type { DataType, Field, IntType } from '../arrow/schema.ts'
import type { Timestamp } from '../arrow/timestamp.ts'
import { typeName } from '../arrow/type-name.ts'
import { decimalNumber, formatDecimal, int64Value, plainDate, safeInteger } from '../arrow/value-format.ts'
import type { ValueReader } from '../arrow/value-reader.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { Row } from '../client/result.ts'
import { ProtocolError, UnsupportedError } from '../errors.ts'
import { type JsonCursor, MAX_NUMBER_LENGTH } from './json-cursor.ts'
import {
  readDate,
  readDuration,
  readInterval,
  readTime,
  readTimestamp,
  timestampCount,
} from './json-temporal.ts'
import { unionReader } from './json-union.ts'

/** Reads one value that is not null. */
export type JsonReader = (cursor: JsonCursor) => unknown

const OBJECT = 0x7b
const END_OBJECT = 0x7d
const ARRAY = 0x5b
const END_ARRAY = 0x5d
const COLON = 0x3a

/** The reader of a type's JSON form, giving the value Flight gives for it. */
export function jsonReader(type: DataType, options: ValueOptions, column: string): JsonReader {
  switch (type.kind) {
    case 'null':
      return (cursor) => {
        throw cursor.unexpected('null')
      }
    case 'bool':
      return (cursor) => cursor.boolean()
    case 'int':
      return type.bitWidth === 64
        ? int64Reader(type, options.int64, column)
        : smallIntegerReader(type, column)
    case 'float':
      // The text is the shortest one of a single; only rounding gives back the single's own value.
      return type.bitWidth === 64 ? (cursor) => cursor.double() : (cursor) => Math.fround(cursor.double())
    case 'decimal':
      return decimalReader(type.scale, options.decimal, column)
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return (cursor) => cursor.string()
    case 'binary':
    case 'largeBinary':
    case 'binaryView':
      return (cursor) => bytesOfHex(cursor.string(), column)
    case 'fixedSizeBinary':
      return (cursor) => {
        const bytes = bytesOfHex(cursor.string(), column)
        return bytes.length === type.byteWidth ? bytes : misfit(column, `${bytes.length} bytes`, type)
      }
    case 'date':
      return readDate
    case 'time':
      return (cursor) => readTime(cursor, type.unit)
    case 'timestamp':
      return timestampReader(type, options.timestamp, column)
    case 'duration':
      return (cursor) => readDuration(cursor, type.unit)
    case 'interval':
      return readInterval
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return listReader(jsonReader(type.child.type, options, column))
    case 'fixedSizeList': {
      const readItems = listReader(jsonReader(type.child.type, options, column))
      return (cursor) => {
        const items = readItems(cursor)
        return items.length === type.size ? items : misfit(column, `${items.length} items`, type)
      }
    }
    case 'struct': {
      const reader = new ObjectReader(type.children, options, column)
      return (cursor) => reader.read(cursor)
    }
    case 'map':
      return mapReader(type, options, column)
    case 'dictionary':
      return jsonReader(type.value, options, column)
    case 'runEndEncoded':
      return jsonReader(type.values.type, options, column)
    case 'union':
      return unionReader(type.children, (member) => jsonReader(member, options, column))
  }
}

/** Reads JSON objects of known members: rows and structs. Members may come in any order or be missing. */
export class ObjectReader {
  readonly #names: readonly string[]
  readonly #prefixes: readonly Uint8Array[]
  readonly #slots: readonly Slot[]
  readonly #readers: readonly JsonReader[]
  readonly #build: ObjectBuilder
  readonly #where: string
  /** Members that share a name, name by name. */
  readonly #namesakes: readonly number[][]

  /** @param where the column a struct is in; empty for rows */
  constructor(fields: readonly Field[], options: ValueOptions, where = '') {
    this.#where = where
    this.#names = fields.map(({ name }) => name)
    this.#prefixes = fields.map(({ name }) => Buffer.from(`${JSON.stringify(name)}:`))
    this.#slots = fields.map(() => new Slot())
    this.#readers = fields.map(({ name, type }) => jsonReader(type, options, where === '' ? name : where))
    this.#build = objectBuilder(rowKeys(fields))
    this.#namesakes = namesakesOf(this.#names)
  }

  read(cursor: JsonCursor): Row {
    const slots = this.#slots
    for (let i = 0; i < slots.length; i++) slots[i].value = undefined
    cursor.expect(OBJECT)
    if (!cursor.take(END_OBJECT)) {
      // Members nearly always come in the schema's order: then a name is a comparison of bytes.
      let expected = 0
      do {
        let member = expected
        cursor.peek()
        if (member >= slots.length || !cursor.takeBytes(this.#prefixes[member])) {
          member = this.#find(cursor.string(), expected)
          cursor.expect(COLON)
        }
        slots[member].value = cursor.takeNull() ? null : this.#readers[member](cursor)
        expected = member + 1
      } while (cursor.more(END_OBJECT))
    }
    if (this.#namesakes.length > 0) this.#tellApart()
    return this.#build(slots, 0)
  }

  /** A runtime that leaves out nulls does not say which of several members of one name it left out. */
  #tellApart(): void {
    for (const members of this.#namesakes) {
      const given = members.filter((i) => this.#slots[i].value !== undefined).length
      if (given === 0 || given === members.length) continue
      throw new UnsupportedError(
        `${members.length} columns are named "${this.#names[members[0]]}", and a row has values for only ${given}: ` +
          'which of them are null, the reply does not tell; name them apart with AS, or use Flight',
      )
    }
  }

  /** Columns of the same name are told apart by their order. */
  #find(name: string, expected: number): number {
    let found = this.#names.indexOf(name, expected)
    if (found < 0) found = this.#names.indexOf(name)
    while (found >= 0 && this.#slots[found].value !== undefined) found = this.#names.indexOf(name, found + 1)
    if (found >= 0) return found
    const what = this.#where === '' ? 'A row of the reply' : `Column "${this.#where}"`
    throw new ProtocolError(`${what} has "${name}", which its schema lacks or which came before`)
  }
}

function namesakesOf(names: readonly string[]): number[][] {
  const members = new Map<string, number[]>()
  for (const [i, name] of names.entries()) {
    const same = members.get(name)
    if (same === undefined) members.set(name, [i])
    else same.push(i)
  }
  return [...members.values()].filter(({ length }) => length > 1)
}

/** Where an object's member waits until all are read. A member that never comes is null. */
export class Slot implements ValueReader {
  value: unknown
  get(): unknown {
    return this.value === undefined ? null : this.value
  }
}

function smallIntegerReader(type: IntType, column: string): JsonReader {
  const span = 2 ** type.bitWidth
  const low = type.signed ? -span / 2 : 0
  return (cursor) => {
    const value = cursor.integer()
    return value >= low && value < low + span ? value : misfit(column, value, type)
  }
}

function int64Reader(type: IntType, choice: ValueOptions['int64'], column: string): JsonReader {
  const fits = (value: number | bigint) => {
    if (typeof value === 'number') return type.signed || value >= 0
    return (type.signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value
  }
  const integer = (cursor: JsonCursor) => {
    const value = cursor.integer()
    return fits(value) ? value : misfit(column, value, type)
  }
  if (choice === 'number') {
    return (cursor) => {
      const value = integer(cursor)
      return typeof value === 'number' ? value : safeInteger(Number.NaN, () => value, column)
    }
  }
  return (cursor) => int64Value(BigInt(integer(cursor)), choice, column)
}

/** A server that says one type and sends another is not to be trusted with either. */
function misfit(column: string, value: unknown, type: DataType): never {
  throw new ProtocolError(`Column "${column}": the reply has ${value} for ${typeName(type)}`)
}

function decimalReader(scale: number, choice: ValueOptions['decimal'], column: string): JsonReader {
  return (cursor) => {
    const text = cursor.peek() === 0x22 ? cursor.string() : cursor.numberText()
    const exact = decimalText(text, scale, column)
    return choice === 'number' ? decimalNumber(exact, column) : exact
  }
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/** Digits of any spelling with exactly `scale` of them behind the point. */
export function decimalText(text: string, scale: number, column: string): string {
  const match = DECIMAL.exec(text)
  if (match === null || text.length > MAX_NUMBER_LENGTH)
    throw new ProtocolError(`Column "${column}": the reply has '${text.slice(0, 60)}' for a decimal`)
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const shift = scale - fraction.length + Number(exponent)
  let digits = whole + fraction
  if (shift >= 0) digits += '0'.repeat(shift)
  else {
    if (/[^0]/.test(digits.slice(shift))) {
      throw new ProtocolError(
        `Column "${column}": ${text} has more than the ${scale} decimal places of its type`,
      )
    }
    digits = digits.slice(0, shift)
  }
  digits = digits.replace(/^0+(?=\d)/, '') || '0'
  return formatDecimal(sign === '-' && digits !== '0' ? `-${digits}` : digits, scale)
}

function timestampReader(
  type: Extract<DataType, { kind: 'timestamp' }>,
  choice: ValueOptions['timestamp'],
  column: string,
): (cursor: JsonCursor) => Timestamp | Date | string | bigint {
  switch (choice) {
    case 'bigint':
      return (cursor) => timestampCount(readTimestamp(cursor), type.unit)
    case 'string':
      return (cursor) => readTimestamp(cursor).toISOString()
    case 'date':
      return (cursor) => plainDate(readTimestamp(cursor), column)
    default:
      return readTimestamp
  }
}

function listReader(element: JsonReader): (cursor: JsonCursor) => unknown[] {
  return (cursor) => {
    const list: unknown[] = []
    cursor.expect(ARRAY)
    if (cursor.take(END_ARRAY)) return list
    do list.push(cursor.takeNull() ? null : element(cursor))
    while (cursor.more(END_ARRAY))
    return list
  }
}

/** JSON objects have text keys, so only maps with such keys come over HTTP. */
function mapReader(
  type: Extract<DataType, { kind: 'map' }>,
  options: ValueOptions,
  column: string,
): JsonReader {
  const [key, value] = type.entries.type.kind === 'struct' ? type.entries.type.children : []
  const readValue = jsonReader(value.type, options, column)
  const textKeys = ['utf8', 'largeUtf8', 'utf8View', 'dictionary'].includes(key.type.kind)
  return (cursor) => {
    if (!textKeys) {
      throw new UnsupportedError(
        `Column "${column}": a map whose keys are no text does not come over HTTP; use Flight`,
      )
    }
    const map = new Map<string, unknown>()
    cursor.expect(OBJECT)
    if (cursor.take(END_OBJECT)) return map
    do {
      const name = cursor.string()
      cursor.expect(COLON)
      if (map.has(name)) throw new ProtocolError(`Column "${column}": a map has the key "${name}" twice`)
      map.set(name, cursor.takeNull() ? null : readValue(cursor))
    } while (cursor.more(END_OBJECT))
    return map
  }
}

function bytesOfHex(hex: string, column: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1)
  if (hex.length % 2 !== 0 || Buffer.from(bytes.buffer).write(hex, 'hex') !== bytes.length) {
    throw new ProtocolError(
      `Column "${column}": the reply has '${hex.slice(0, 40)}' where hexadecimal bytes belong`,
    )
  }
  return bytes
}
