import type { ColumnData } from '../../arrow/column-data.ts'

/** Bitmaps have the least significant bit first; an absent one means that nothing is null. */
export function nullTest(column: ColumnData): (row: number) => boolean {
  const bitmap = column.nullCount === 0 ? null : column.buffers[0]
  if (!bitmap) return () => false
  return (row) => ((bitmap[row >> 3] >> (row & 7)) & 1) === 0
}

export function bitTest(buffer: Uint8Array): (row: number) => boolean {
  return (row) => ((buffer[row >> 3] >> (row & 7)) & 1) === 1
}

type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array

interface NumberArrayType<View> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer, offset: number, length: number): View
}

/** Lays a typed array over the column's buffer number `index`, copying it only if it is not aligned. */
export function viewOf<View extends NumberArray>(
  type: NumberArrayType<View>,
  column: ColumnData,
  index = 1,
): View {
  const bytes = column.buffers[index] ?? new Uint8Array(0)
  const width = type.BYTES_PER_ELEMENT
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  return new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, Math.floor(aligned.byteLength / width))
}

export function floatView(bitWidth: 16 | 32 | 64, column: ColumnData): Float32Array | Float64Array {
  return bitWidth === 64 ? viewOf(Float64Array, column) : viewOf(Float32Array, column)
}

const TWO_32 = 0x1_0000_0000
const SAFE_HIGH = 0x20_0000

/** 64-bit integers: a number where it is exact, which is cheap, and otherwise a bigint. */
export function int64Reader(column: ColumnData, signed: boolean): (row: number) => number | bigint {
  const words = viewOf(Uint32Array, column)
  return (row) => {
    const low = words[row * 2]
    const high = signed ? words[row * 2 + 1] | 0 : words[row * 2 + 1]
    if (high < SAFE_HIGH && high >= -SAFE_HIGH) return high * TWO_32 + low
    return (BigInt(high) << 32n) | BigInt(low)
  }
}

/** 128-bit integers, as `int64Reader`. */
export function int128Reader(column: ColumnData): (row: number) => number | bigint {
  const words = viewOf(Uint32Array, column)
  return (row) => {
    const at = row * 4
    const high = words[at + 1] | 0
    const sign = high >> 31
    if (
      words[at + 3] === sign >>> 0 &&
      words[at + 2] === sign >>> 0 &&
      high < SAFE_HIGH &&
      high >= -SAFE_HIGH
    ) {
      return high * TWO_32 + words[at]
    }
    return (
      (BigInt(words[at + 3] | 0) << 96n) |
      (BigInt(words[at + 2]) << 64n) |
      (BigInt(words[at + 1]) << 32n) |
      BigInt(words[at])
    )
  }
}
