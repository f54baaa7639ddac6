import type { ColumnData } from '../../arrow/column-data.ts'
import { ByteParts, bytesOf } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { type RawVector, vectorValidity } from './raw-vectors.ts'
import { ValidityBuilder } from './validity-builder.ts'

/** Reads all rows of a vector as text; `null` for a null. */
export type TextReader = (vector: RawVector, size: number) => ReadonlyArray<string | null>

/**
 * Types without a counterpart in Arrow (UUID, BIT, BIGNUM, TIME WITH TIME ZONE, VARIANT), as the text
 * DuckDB shows for them. The one column that goes value by value.
 */
export class TextColumn implements ColumnBuilder {
  private readonly read: TextReader
  private readonly values = new ByteParts()
  private readonly validity = new ValidityBuilder()
  private ends: number[] = []
  private texts: ReadonlyArray<string | null> = []
  private rowValidity: Uint8Array | null = null

  constructor(read: TextReader) {
    this.read = read
  }

  get byteLength(): number {
    return this.values.byteLength
  }

  load(vector: RawVector, size: number): void {
    this.texts = this.read(vector, size)
    this.rowValidity = vectorValidity(vector, size)
  }

  append(start: number, count: number): void {
    const rows = this.texts.slice(start, start + count)
    let end = this.values.byteLength
    for (const text of rows) {
      end += text === null ? 0 : Buffer.byteLength(text)
      this.ends.push(end)
    }
    this.values.push(Buffer.from(rows.join('')))
    this.validity.append(this.rowValidity, start, count)
  }

  appendNull(): void {
    this.ends.push(this.values.byteLength)
    this.validity.appendNull()
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const offsets = Int32Array.from([0, ...this.ends])
    const length = this.ends.length
    this.ends = []
    return { length, nullCount, buffers: [bitmap, bytesOf(offsets), this.values.take()], children: [] }
  }
}
