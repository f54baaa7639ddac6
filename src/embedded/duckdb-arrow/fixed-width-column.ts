import type { ColumnData } from '../../arrow/column-data.ts'
import { ByteParts } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { type RawVector, vectorBytes, vectorValidity } from './raw-vectors.ts'
import { ValidityBuilder } from './validity-builder.ts'

/**
 * Rewrites rows whose layout differs. `rows` are `count` values as DuckDB lays them out, 8-byte aligned;
 * the result their Arrow form. `isNull` tells which rows hold no value (their bytes are arbitrary).
 */
export type RowTransform = (
  rows: Uint8Array,
  count: number,
  isNull: ((row: number) => boolean) | null,
) => Uint8Array

/** Values of one width: copied as they are where DuckDB and Arrow agree, else through a transform. */
export class FixedWidthColumn implements ColumnBuilder {
  private readonly duckdbWidth: number
  private readonly arrowWidth: number
  private readonly transform: RowTransform | null
  private readonly values = new ByteParts()
  private readonly validity = new ValidityBuilder()
  private length = 0
  private rows: Uint8Array = new Uint8Array(0)
  private rowValidity: Uint8Array | null = null

  constructor(duckdbWidth: number, arrowWidth = duckdbWidth, transform: RowTransform | null = null) {
    this.duckdbWidth = duckdbWidth
    this.arrowWidth = arrowWidth
    this.transform = transform
  }

  get byteLength(): number {
    return this.values.byteLength
  }

  load(vector: RawVector, size: number): void {
    const rows = vectorBytes(vector, size * this.duckdbWidth)
    const validity = vectorValidity(vector, size)
    this.rowValidity = validity
    if (this.transform === null) {
      this.rows = rows
      return
    }
    const isNull = validity === null ? null : (row: number) => ((validity[row >> 3] >> (row & 7)) & 1) === 0
    this.rows = this.transform(rows, size, isNull)
  }

  append(start: number, count: number): void {
    this.values.push(this.rows.subarray(start * this.arrowWidth, (start + count) * this.arrowWidth))
    this.validity.append(this.rowValidity, start, count)
    this.length += count
  }

  appendNull(): void {
    this.values.push(new Uint8Array(this.arrowWidth))
    this.validity.appendNull()
    this.length += 1
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const length = this.length
    this.length = 0
    return { length, nullCount, buffers: [bitmap, this.values.take()], children: [] }
  }
}
