import type { ColumnData } from '../../arrow/column-data.ts'
import { BitmapBuilder } from './bitmap-builder.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { type RawVector, vectorBytes, vectorValidity } from './raw-vectors.ts'
import { ValidityBuilder } from './validity-builder.ts'

/** BOOLEAN: a byte in DuckDB, a bit in Arrow. */
export class BooleanColumn implements ColumnBuilder {
  private readonly values = new BitmapBuilder()
  private readonly validity = new ValidityBuilder()
  private rows: Uint8Array = new Uint8Array(0)
  private rowValidity: Uint8Array | null = null

  get byteLength(): number {
    return this.values.length >> 3
  }

  load(vector: RawVector, size: number): void {
    this.rows = vectorBytes(vector, size)
    this.rowValidity = vectorValidity(vector, size)
  }

  append(start: number, count: number): void {
    this.values.appendBooleans(this.rows, start, count)
    this.validity.append(this.rowValidity, start, count)
  }

  appendNull(): void {
    this.values.fill(false, 1)
    this.validity.appendNull()
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const length = this.values.length
    return { length, nullCount, buffers: [bitmap, this.values.take()], children: [] }
  }
}

/** SQLNULL: Arrow's Null type has no buffers at all. */
export class NullColumn implements ColumnBuilder {
  readonly byteLength = 0
  private length = 0

  load(): void {}

  append(_start: number, count: number): void {
    this.length += count
  }

  appendNull(): void {
    this.length += 1
  }

  finish(): ColumnData {
    const length = this.length
    this.length = 0
    return { length, nullCount: length, buffers: [], children: [] }
  }
}
