import { ProtocolError } from '../errors.ts'
import {
  END_GROUP,
  FIXED32,
  FIXED64,
  type FieldTable,
  LENGTH_DELIMITED,
  type MessageType,
  START_GROUP,
  VARINT,
  wireTypeOf,
} from './message-type.ts'

const EMPTY = new Uint8Array(0)
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Groups are a removed feature; an unknown field may still be one, but not endlessly nested. */
const MAX_GROUP_DEPTH = 32

/**
 * Reads one message. The input counts as hostile: every length is checked against the bytes there are,
 * nothing is allocated by a length the peer names, unknown fields are skipped, and messages nest only as
 * deep as the tables do. Byte fields are views into the input. Throws `ProtocolError`.
 */
export function decode<T>(type: MessageType<T>, bytes: Uint8Array): T {
  const cursor = new Cursor(bytes, type.typeName)
  return decodeFields(type, cursor, bytes.length, undefined) as T
}

/** A read position in a message; every read is checked against the end of the bytes. */
class Cursor {
  readonly bytes: Uint8Array
  position = 0
  private readonly typeName: string
  constructor(bytes: Uint8Array, typeName: string) {
    // A Buffer's views would be Buffers, whose slices and text differ from a Uint8Array's.
    this.bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes
    this.typeName = typeName
  }

  fail(what: string): never {
    throw new ProtocolError(`Not a valid ${this.typeName} message: ${what} at byte ${this.position}`)
  }

  varint(end: number): bigint {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte(end)
      result |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, result)
    }
    return this.fail('a varint longer than ten bytes')
  }

  /** The low 32 bits of a varint, unsigned. */
  varint32(end: number): number {
    let result = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte(end)
      if (shift < 32) result |= (byte & 0x7f) << shift
      if (byte < 0x80) return result >>> 0
    }
    return this.fail('a varint longer than ten bytes')
  }

  /** Reads a length and returns the position after the bytes it announces. */
  lengthEnd(end: number): number {
    const length = this.varint(end)
    if (length > BigInt(end - this.position)) this.fail('a length beyond the end')
    return this.position + Number(length)
  }

  /** Moves over `count` bytes and returns where they began. */
  advance(count: number, end: number): number {
    const start = this.position
    if (count > end - start) this.fail('it is cut short')
    this.position = start + count
    return start
  }

  private byte(end: number): number {
    if (this.position >= end) this.fail('it is cut short')
    return this.bytes[this.position++]
  }
}

function decodeFields(
  type: MessageType<unknown>,
  cursor: Cursor,
  end: number,
  merge: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const message = merge ?? defaults(type)
  while (cursor.position < end) {
    const tag = cursor.varint32(end)
    const number = tag >>> 3
    const wireType = tag & 7
    if (number === 0) cursor.fail('field number 0')
    const field = findField(type, number)
    if (field === undefined || !readField(field, wireType, cursor, end, message)) {
      skip(wireType, number, cursor, end, 0)
    }
  }
  return message
}

function defaults(type: MessageType<unknown>): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const field of type.fields) message[field.name] = defaultValue(field)
  return message
}

function defaultValue(field: FieldTable): unknown {
  if (field.rule === 'repeated') return []
  if (field.rule === 'map') return new Map<string, string>()
  if (field.rule === 'optional') return undefined
  switch (field.kind) {
    case 'string':
      return ''
    case 'bytes':
      return EMPTY
    case 'bool':
      return false
    case 'int64':
    case 'uint64':
      return 0n
    case 'message':
    case 'map':
      return undefined
    default:
      return 0
  }
}

function findField(type: MessageType<unknown>, number: number): FieldTable | undefined {
  for (const field of type.fields) if (field.number === number) return field
  return undefined
}

/** False when the wire type is not the field's: such a field counts as unknown. */
function readField(
  field: FieldTable,
  wireType: number,
  cursor: Cursor,
  end: number,
  message: Record<string, unknown>,
): boolean {
  const packable = field.kind !== 'string' && field.kind !== 'bytes' && field.kind !== 'message'
  if (field.rule === 'repeated' && packable && wireType === LENGTH_DELIMITED) {
    const packedEnd = cursor.lengthEnd(end)
    const list = message[field.name] as unknown[]
    while (cursor.position < packedEnd) list.push(readValue(field, cursor, packedEnd, undefined))
    return true
  }
  if (wireType !== wireTypeOf(field)) return false
  if (field.kind === 'map') {
    readMapEntry(cursor, end, message[field.name] as Map<string, string>)
  } else if (field.rule === 'repeated') {
    const value = readValue(field, cursor, end, undefined)
    ;(message[field.name] as unknown[]).push(value)
  } else {
    message[field.name] = readValue(field, cursor, end, message[field.name])
  }
  return true
}

function readValue(field: FieldTable, cursor: Cursor, end: number, previous: unknown): unknown {
  switch (field.kind) {
    case 'string':
      return readString(cursor, end)
    case 'bytes': {
      const valueEnd = cursor.lengthEnd(end)
      const value = cursor.bytes.subarray(cursor.position, valueEnd)
      cursor.position = valueEnd
      return value
    }
    case 'message': {
      const valueEnd = cursor.lengthEnd(end)
      // A message field that occurs twice is merged, as the encoding asks for.
      return decodeFields(field.message, cursor, valueEnd, previous as Record<string, unknown> | undefined)
    }
    case 'double': {
      const start = cursor.advance(8, end)
      return new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + start, 8).getFloat64(0, true)
    }
    case 'bool':
      return cursor.varint(end) !== 0n
    case 'int64':
      return BigInt.asIntN(64, cursor.varint(end))
    case 'uint64':
      return cursor.varint(end)
    case 'uint32':
      return cursor.varint32(end)
    default:
      return cursor.varint32(end) | 0
  }
}

function readString(cursor: Cursor, end: number): string {
  const valueEnd = cursor.lengthEnd(end)
  const bytes = cursor.bytes.subarray(cursor.position, valueEnd)
  cursor.position = valueEnd
  try {
    return utf8.decode(bytes)
  } catch {
    return cursor.fail('a string that is not UTF-8')
  }
}

/** A map travels as repeated messages of a key (field 1) and a value (field 2); both default to ''. */
function readMapEntry(cursor: Cursor, end: number, map: Map<string, string>): void {
  const entryEnd = cursor.lengthEnd(end)
  let key = ''
  let value = ''
  while (cursor.position < entryEnd) {
    const tag = cursor.varint32(entryEnd)
    if (tag === ((1 << 3) | LENGTH_DELIMITED)) key = readString(cursor, entryEnd)
    else if (tag === ((2 << 3) | LENGTH_DELIMITED)) value = readString(cursor, entryEnd)
    else skip(tag & 7, tag >>> 3, cursor, entryEnd, 0)
  }
  map.set(key, value)
}

function skip(wireType: number, number: number, cursor: Cursor, end: number, depth: number): void {
  switch (wireType) {
    case VARINT:
      cursor.varint32(end)
      return
    case FIXED64:
      cursor.advance(8, end)
      return
    case LENGTH_DELIMITED:
      cursor.position = cursor.lengthEnd(end)
      return
    case FIXED32:
      cursor.advance(4, end)
      return
    case START_GROUP:
      if (depth >= MAX_GROUP_DEPTH) cursor.fail('groups nested too deeply')
      for (;;) {
        const tag = cursor.varint32(end)
        if ((tag & 7) === END_GROUP) {
          if (tag >>> 3 !== number) cursor.fail('a group that ends as another')
          return
        }
        skip(tag & 7, tag >>> 3, cursor, end, depth + 1)
      }
    default:
      cursor.fail(`wire type ${wireType}`)
  }
}
