import type { ColumnData } from '../../arrow/column-data.ts'
import { ByteParts, bytesOf } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { ArrowConversionError } from './conversion-error.ts'
import { type RawVector, vectorBytes, vectorValidity } from './raw-vectors.ts'
import { fetchStringRuns, INLINE_LENGTH, runIndexOf, STRING_WIDTH, stringAddress } from './string-runs.ts'
import { ValidityBuilder } from './validity-builder.ts'

/** Arrow's Utf8 and Binary count bytes with signed 32-bit offsets. */
const MAX_OFFSET = 0x7fff_ffff

/** VARCHAR and BLOB: 16-byte structures in DuckDB, offsets and bytes in Arrow (Utf8, Binary). */
export class StringColumn implements ColumnBuilder {
  private readonly values = new ByteParts()
  private readonly validity = new ValidityBuilder()
  private ends = new Int32Array(0)
  private length = 0
  private strings: Uint8Array = new Uint8Array(0)
  private words = new Uint32Array(0)
  private rowValidity: Uint8Array | null = null

  get byteLength(): number {
    return this.values.byteLength
  }

  load(vector: RawVector, size: number): void {
    this.strings = vectorBytes(vector, size * STRING_WIDTH)
    this.words = new Uint32Array(this.strings.buffer as ArrayBuffer, this.strings.byteOffset, size * 4)
    this.rowValidity = vectorValidity(vector, size)
  }

  append(start: number, count: number): void {
    this.reserve(count)
    const { words, rowValidity: validity, ends } = this
    const base = this.values.byteLength
    const longRows: number[] = []
    let end = base
    for (let row = start; row < start + count; row++) {
      // The structure of a null row is not initialised.
      if (validity === null || (validity[row >> 3] >> (row & 7)) & 1) {
        const length = words[row * 4]
        end += length
        if (length > INLINE_LENGTH) longRows.push(row)
      }
      ends[this.length++] = end
      if (end > MAX_OFFSET) throw new ArrowConversionError('the strings of one record batch exceed 2 GiB')
    }
    const bytes = new Uint8Array(end - base)
    this.copyInline(bytes, base, start, count)
    if (longRows.length > 0) this.copyLong(bytes, base, start, count, longRows)
    this.values.push(bytes)
    this.validity.append(validity, start, count)
  }

  appendNull(): void {
    this.reserve(1)
    this.ends[this.length++] = this.values.byteLength
    this.validity.appendNull()
  }

  finish(): ColumnData {
    const length = this.length
    const offsets = new Int32Array(length + 1)
    offsets.set(this.ends.subarray(0, length), 1)
    this.length = 0
    const { bitmap, nullCount } = this.validity.take()
    return { length, nullCount, buffers: [bitmap, bytesOf(offsets), this.values.take()], children: [] }
  }

  private copyInline(bytes: Uint8Array, base: number, start: number, count: number): void {
    const { strings, ends } = this
    const firstEnd = this.length - count
    let to = 0
    for (let index = 0; index < count; index++) {
      const next = ends[firstEnd + index] - base
      const from = (start + index) * STRING_WIDTH + 4
      if (next - to <= INLINE_LENGTH)
        for (let at = 0; to + at < next; at++) bytes[to + at] = strings[from + at]
      to = next
    }
  }

  private copyLong(
    bytes: Uint8Array,
    base: number,
    start: number,
    count: number,
    longRows: readonly number[],
  ): void {
    const runs = fetchStringRuns(this.strings, longRows)
    const firstEnd = this.length - count
    let runIndex = 0
    for (const row of longRows) {
      const length = this.words[row * 4]
      const address = stringAddress(this.words, row)
      runIndex = runIndexOf(runs, address, runIndex)
      const from = address - runs[runIndex].address
      const to = this.ends[firstEnd + row - start] - base - length
      bytes.set(runs[runIndex].bytes.subarray(from, from + length), to)
    }
  }

  private reserve(count: number): void {
    if (this.length + count <= this.ends.length) return
    const grown = new Int32Array(Math.max(this.length + count, this.ends.length * 2))
    grown.set(this.ends)
    this.ends = grown
  }
}
