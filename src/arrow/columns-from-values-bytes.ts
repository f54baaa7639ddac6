import { types } from 'node:util'
import { LimitError } from '../errors.ts'
import { isBytes } from './any-realm.ts'
import type { DataType } from './schema.ts'
import { UnfitValue } from './unfit-value.ts'
import { forEachValue, type Locate } from './values-walk.ts'

const textEncoder = new TextEncoder()
const EMPTY = new Uint8Array(0)

/** Above this a column needs the large types, whose offsets have 64 bits. */
const MAX_OFFSET = 0x7fff_ffff

/** Values of a view type up to this many bytes lie inside the view itself. */
const INLINE_BYTES = 12

/** The bytes of every value, nulls as empty; text must be well formed, since UTF-8 has no lone surrogates. */
export function encodeValues(type: DataType, values: readonly unknown[], at: Locate): Uint8Array[] {
  const text = type.kind === 'utf8' || type.kind === 'largeUtf8' || type.kind === 'utf8View'
  const encoded = new Array<Uint8Array>(values.length).fill(EMPTY)
  forEachValue(values, at, (value, i) => {
    encoded[i] = text ? textEncoder.encode(wellFormed(value)) : bytesOf(value)
  })
  return encoded
}

/** Text that UTF-8 can express. */
export function wellFormed(value: unknown): string {
  if (typeof value !== 'string') throw new UnfitValue('is not a string')
  // In Node since version 20; the compiler's library learns of it with ES2024.
  if (!(value as unknown as { isWellFormed(): boolean }).isWellFormed()) {
    throw new UnfitValue('holds half a surrogate pair, which UTF-8 cannot express')
  }
  return value
}

export function bytesOf(value: unknown): Uint8Array {
  if (isBytes(value)) return value
  if (types.isArrayBuffer(value)) return new Uint8Array(value)
  throw new UnfitValue('is not a Uint8Array')
}

/** Offsets and data of `utf8`, `binary` and their large forms. */
export function offsetBuffers(encoded: readonly Uint8Array[], large: boolean): Uint8Array[] {
  const data = concatenate(encoded)
  const offsets = large ? new BigInt64Array(encoded.length + 1) : new Int32Array(encoded.length + 1)
  if (!large && data.length > MAX_OFFSET)
    throw new LimitError('A column of text or bytes is over 2 GiB; send fewer rows at once.')
  let end = 0
  for (let i = 0; i < encoded.length; i++) {
    end += encoded[i].length
    offsets[i + 1] = large ? BigInt(end) : end
  }
  return [new Uint8Array(offsets.buffer), data]
}

/** Views and, when a value is too long to lie within its view, one data buffer. */
export function viewBuffers(encoded: readonly Uint8Array[]): Uint8Array[] {
  const views = new Uint8Array(encoded.length * 16)
  const header = new DataView(views.buffer)
  const long: Uint8Array[] = []
  let offset = 0
  encoded.forEach((value, i) => {
    header.setInt32(i * 16, value.length, true)
    if (value.length <= INLINE_BYTES) {
      views.set(value, i * 16 + 4)
      return
    }
    views.set(value.subarray(0, 4), i * 16 + 4)
    header.setInt32(i * 16 + 12, offset, true)
    long.push(value)
    offset += value.length
  })
  return long.length === 0 ? [views] : [views, concatenate(long)]
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
