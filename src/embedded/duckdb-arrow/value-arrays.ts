import type { ColumnData } from '../../arrow/column-data.ts'
import { ByteParts, bytesOf } from './byte-parts.ts'

/** A Utf8 array of JavaScript strings. */
export function utf8Array(values: ReadonlyArray<string | null>): ColumnData {
  return binaryArray(values.map((value) => (value === null ? null : Buffer.from(value))))
}

/** A Binary array; Utf8 has the same layout. */
export function binaryArray(values: ReadonlyArray<Uint8Array | null>): ColumnData {
  const bytes = new ByteParts()
  const offsets = new Int32Array(values.length + 1)
  const validity = new Uint8Array((values.length + 7) >> 3)
  let nullCount = 0
  for (const [index, value] of values.entries()) {
    if (value === null) nullCount++
    else {
      validity[index >> 3] |= 1 << (index & 7)
      bytes.push(value)
    }
    offsets[index + 1] = bytes.byteLength
  }
  const buffers = [nullCount > 0 ? validity : null, bytesOf(offsets), bytes.take()]
  return { length: values.length, nullCount, buffers, children: [] }
}

/** An array of fixed-width values without nulls, over the memory of `values`. */
export function numberArray(values: Uint32Array | Int32Array | BigInt64Array): ColumnData {
  return { length: values.length, nullCount: 0, buffers: [null, bytesOf(values)], children: [] }
}

/** A Bool array without nulls. */
export function boolArray(values: readonly boolean[]): ColumnData {
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (const [index, value] of values.entries()) if (value) bits[index >> 3] |= 1 << (index & 7)
  return { length: values.length, nullCount: 0, buffers: [null, bits], children: [] }
}
