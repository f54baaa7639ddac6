import {
  type FieldTable,
  LENGTH_DELIMITED,
  type MessageInit,
  type MessageType,
  wireTypeOf,
} from './message-type.ts'
import { varintLength, writeVarint } from './varint.ts'

const utf8 = new TextEncoder()

/** One message in its wire form, in a buffer of its own. */
export function encode<T>(type: MessageType<T>, init: MessageInit<T>): Uint8Array {
  const fields = init as Record<string, unknown>
  const out = new Uint8Array(messageLength(type, fields))
  writeMessage(type, fields, out, 0)
  return out
}

function messageLength(type: MessageType<unknown>, message: Record<string, unknown>): number {
  let length = 0
  for (const field of type.fields) {
    const value = message[field.name]
    if (value === undefined || value === null) continue
    const tagLength = varintLength(field.number << 3)
    if (field.rule === 'map') {
      for (const [key, text] of value as ReadonlyMap<string, string>) {
        length += tagLength + delimitedLength(mapEntryLength(key, text))
      }
    } else if (field.rule === 'repeated') {
      const list = value as readonly unknown[]
      if (isPacked(field)) {
        if (list.length > 0) length += tagLength + delimitedLength(packedLength(field, list))
      } else {
        for (const item of list) length += tagLength + valueLength(field, item)
      }
    } else if (field.rule === 'optional' || !isDefault(value)) {
      length += tagLength + valueLength(field, value)
    }
  }
  return length
}

function writeMessage(
  type: MessageType<unknown>,
  message: Record<string, unknown>,
  out: Uint8Array,
  start: number,
): number {
  let at = start
  for (const field of type.fields) {
    const value = message[field.name]
    if (value === undefined || value === null) continue
    const tag = ((field.number << 3) | wireTypeOf(field)) >>> 0
    if (field.rule === 'map') {
      for (const [key, text] of value as ReadonlyMap<string, string>) {
        at = writeVarint(tag, out, at)
        at = writeVarint(mapEntryLength(key, text), out, at)
        at = writeString(text, out, writeVarint(0x12, out, writeString(key, out, writeVarint(0x0a, out, at))))
      }
    } else if (field.rule === 'repeated') {
      const list = value as readonly unknown[]
      if (isPacked(field)) {
        if (list.length === 0) continue
        at = writeVarint(((field.number << 3) | LENGTH_DELIMITED) >>> 0, out, at)
        at = writeVarint(packedLength(field, list), out, at)
        for (const item of list) at = writeValue(field, item, out, at)
      } else {
        for (const item of list) at = writeValue(field, item, out, writeVarint(tag, out, at))
      }
    } else if (field.rule === 'optional' || !isDefault(value)) {
      at = writeValue(field, value, out, writeVarint(tag, out, at))
    }
  }
  return at
}

function isPacked(field: FieldTable): boolean {
  return wireTypeOf(field) !== LENGTH_DELIMITED
}

function isDefault(value: unknown): boolean {
  if (typeof value === 'object') return value instanceof Uint8Array && value.length === 0
  return value === '' || value === false || value === 0n || Object.is(value, 0)
}

function valueLength(field: FieldTable, value: unknown): number {
  switch (field.kind) {
    case 'string':
      return delimitedLength(Buffer.byteLength(value as string))
    case 'bytes':
      return delimitedLength((value as Uint8Array).length)
    case 'message':
      return delimitedLength(messageLength(field.message, value as Record<string, unknown>))
    case 'double':
      return 8
    default:
      return varintLength(varintValue(value))
  }
}

function packedLength(field: FieldTable, list: readonly unknown[]): number {
  let length = 0
  for (const item of list) length += valueLength(field, item)
  return length
}

function mapEntryLength(key: string, text: string): number {
  return 2 + delimitedLength(Buffer.byteLength(key)) + delimitedLength(Buffer.byteLength(text))
}

function delimitedLength(length: number): number {
  return varintLength(length) + length
}

function writeValue(field: FieldTable, value: unknown, out: Uint8Array, at: number): number {
  switch (field.kind) {
    case 'string':
      return writeString(value as string, out, at)
    case 'bytes': {
      const bytes = value as Uint8Array
      const start = writeVarint(bytes.length, out, at)
      out.set(bytes, start)
      return start + bytes.length
    }
    case 'message': {
      const message = value as Record<string, unknown>
      return writeMessage(
        field.message,
        message,
        out,
        writeVarint(messageLength(field.message, message), out, at),
      )
    }
    case 'double':
      new DataView(out.buffer, out.byteOffset + at, 8).setFloat64(0, value as number, true)
      return at + 8
    default:
      return writeVarint(varintValue(value), out, at)
  }
}

function writeString(text: string, out: Uint8Array, at: number): number {
  const start = writeVarint(Buffer.byteLength(text), out, at)
  return start + utf8.encodeInto(text, out.subarray(start)).written
}

/** Negative numbers travel as the 64-bit two's complement, whatever the declared width. */
function varintValue(value: unknown): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') return BigInt.asUintN(64, value)
  const number = value as number
  return number < 0 ? BigInt.asUintN(64, BigInt(number)) : number
}
