import { ProtocolError } from '../errors.ts'
import type { Dictionary } from './dictionary.ts'
import type { DataType } from './schema.ts'

/** A message body: the memory arrays lie in. */
export class Body {
  readonly bytes: Uint8Array
  #view: DataView | null = null

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Made when first asked for: to make one costs more than to read a value of it. */
  get view(): DataView {
    const { bytes } = this
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return this.#view
  }
}

/**
 * One Arrow array as positions into a body. That every buffer lies inside the body and is long enough for
 * the array's length is checked when it is made; what the buffers contain (offsets, indices, type ids) is
 * checked by whoever reads it.
 */
export class ArrayData {
  readonly type: DataType
  readonly length: number
  /** -1 when the writer did not say. */
  readonly nullCount: number
  readonly body: Body
  /** Position of the validity bitmap; -1 when every value is valid. */
  readonly validity: number
  /** Values, offsets, views, union type ids or dictionary indices, whichever the type has first. */
  first = 0
  firstLength = 0
  /** Data bytes of variable-length types, union offsets, sizes of list views. */
  second = 0
  secondLength = 0
  /** Position and length of each data buffer of a view type. */
  variadic: readonly number[] = NONE
  children: readonly ArrayData[] = NO_CHILDREN
  /** What the indices of a dictionary-encoded array refer to; null when it was never sent (all are null). */
  dictionary: Dictionary | null = null
  /** How many values the dictionary had when this array was received. */
  dictionaryLength = 0

  constructor(type: DataType, length: number, nullCount: number, body: Body, validity: number) {
    this.type = type
    this.length = length
    this.nullCount = nullCount
    this.body = body
    this.validity = validity
  }

  refersTo(dictionary: Dictionary): void {
    this.dictionary = dictionary
    this.dictionaryLength = dictionary.length
  }

  isNull(index: number): boolean {
    return this.validity >= 0 && (this.body.bytes[this.validity + (index >> 3)]! & (1 << (index & 7))) === 0
  }
}

const NONE: readonly number[] = []
const NO_CHILDREN: readonly ArrayData[] = []

/**
 * The offsets of a variable-length array: `length + 1` numbers, checked to begin at or above zero, never to
 * decrease and to stay within `limit`. Lies over the body where alignment and width allow.
 */
export function checkedOffsets(data: ArrayData, wide: boolean, limit: number): Int32Array | Float64Array {
  const { length } = data
  // An empty array has no offsets, or one that stands for nothing: a slice's start, its data cut away.
  if (length === 0) return EMPTY_OFFSETS
  const offsets = wide ? wideOffsets(data, length + 1) : int32s(data.body, data.first, length + 1)
  let previous = offsets[0]!
  let broken = previous < 0
  for (let i = 1; i <= length; i++) {
    const next = offsets[i]!
    if (next < previous) broken = true
    previous = next
  }
  if (broken || previous > limit)
    throw new ProtocolError(`Arrow: offsets of a ${data.type.kind} array decrease or leave its data`)
  return offsets
}

const EMPTY_OFFSETS = new Int32Array(1)

/** `count` 32-bit integers over the body, copied only when they lie unaligned. */
export function int32s(body: Body, position: number, count: number): Int32Array {
  const { buffer, byteOffset } = body.bytes
  const start = byteOffset + position
  return start % 4 === 0
    ? new Int32Array(buffer as ArrayBuffer, start, count)
    : new Int32Array((buffer as ArrayBuffer).slice(start, start + count * 4))
}

/** `count` 64-bit integers over the body, copied only when they lie unaligned. */
export function bigint64s(body: Body, position: number, count: number): BigInt64Array {
  const { buffer, byteOffset } = body.bytes
  const start = byteOffset + position
  return start % 8 === 0
    ? new BigInt64Array(buffer as ArrayBuffer, start, count)
    : new BigInt64Array((buffer as ArrayBuffer).slice(start, start + count * 8))
}

function wideOffsets(data: ArrayData, count: number): Float64Array {
  const offsets = new Float64Array(count)
  for (let i = 0; i < count; i++) offsets[i] = int64Number(data.body.view, data.first + i * 8)
  return offsets
}

/** A 64-bit integer as the nearest number; exact within ±2^53. */
export function int64Number(view: DataView, position: number): number {
  return view.getInt32(position + 4, true) * 4294967296 + view.getUint32(position, true)
}

/** Bits of one value of a fixed-width type. */
export function fixedBitWidth(type: DataType): number {
  switch (type.kind) {
    case 'bool':
      return 1
    case 'int':
    case 'float':
    case 'decimal':
    case 'time':
      return type.bitWidth
    case 'timestamp':
    case 'duration':
      return 64
    case 'date':
      return type.unit === 'day' ? 32 : 64
    case 'interval':
      return type.unit === 'yearMonth' ? 32 : type.unit === 'dayTime' ? 64 : 128
    case 'fixedSizeBinary':
      return type.byteWidth * 8
    default:
      throw new ProtocolError(`Arrow: ${type.kind} has no fixed width`)
  }
}
