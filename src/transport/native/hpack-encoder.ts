import { FIELD_OVERHEAD } from './hpack-decoder.ts'
import { STATIC_COUNT, STATIC_FIELDS, STATIC_NAME_INDEX } from './hpack-static-table.ts'

/**
 * Sets the dynamic table's size to 0. Sent once, at the start of a connection's first block: the blocks
 * here never use the table, and so no later change of the peer's SETTINGS_HEADER_TABLE_SIZE concerns them
 * (RFC 7541, section 4.2).
 */
export const EMPTY_TABLE_UPDATE = 0x20

/** Header fields that intermediaries must not put into a compression table: RFC 7541, section 7.1.3. */
const SENSITIVE = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-api-key'])

/** A run of encoded fields, valid on any connection at any time, since it refers to no dynamic table. */
export interface EncodedFields {
  bytes: Buffer
  /** What the fields count towards the peer's SETTINGS_MAX_HEADER_LIST_SIZE. */
  listBytes: number
}

const NO_INDEX = 0x00
const NEVER_INDEXED = 0x10

/**
 * Encodes header fields without Huffman code and without the dynamic table: on loopback bytes are cheap,
 * and a block that never changes is encoded once and sent for ever.
 */
export function encodeFields(fields: ReadonlyArray<readonly [name: string, value: string]>): EncodedFields {
  let room = 0
  let listBytes = 0
  for (const [name, value] of fields) {
    room += name.length + value.length + 12
    listBytes += name.length + value.length + FIELD_OVERHEAD
  }
  const target = Buffer.allocUnsafe(room)
  let at = 0
  for (const [name, value] of fields) at = writeField(target, at, name, value)
  return { bytes: target.subarray(0, at), listBytes }
}

/** Writes one field at `at` and returns where it ends. Names and values are ASCII. */
export function writeField(target: Buffer, at: number, name: string, value: string): number {
  const index = STATIC_NAME_INDEX.get(name) ?? 0
  for (let same = index; same > 0 && same <= STATIC_COUNT && STATIC_FIELDS[2 * same] === name; same++) {
    if (STATIC_FIELDS[2 * same + 1] === value && value !== '') {
      target[at] = 0x80 | same
      return at + 1
    }
  }
  let end = writeInteger(target, at, SENSITIVE.has(name) ? NEVER_INDEXED : NO_INDEX, 4, index)
  if (index === 0) end = writeString(target, end, name)
  return writeString(target, end, value)
}

function writeString(target: Buffer, at: number, text: string): number {
  const start = writeInteger(target, at, 0, 7, text.length)
  return start + target.write(text, start, 'latin1')
}

/** RFC 7541, section 5.1: `pattern` holds the bits above the prefix. */
function writeInteger(
  target: Buffer,
  at: number,
  pattern: number,
  prefixBits: number,
  value: number,
): number {
  const mask = (1 << prefixBits) - 1
  if (value < mask) {
    target[at] = pattern | value
    return at + 1
  }
  target[at++] = pattern | mask
  let rest = value - mask
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
