import type { ColumnData } from '../../arrow/column-data.ts'
import type { RawVector } from './raw-vectors.ts'

/**
 * Collects rows of DuckDB vectors of one type into one Arrow array. `load` opens a vector, `append` copies
 * a range of its rows, `finish` gives the array and makes the builder empty again.
 */
export interface ColumnBuilder {
  /** Bytes collected so far, to keep batches within a limit. */
  readonly byteLength: number
  /** @param size rows the vector holds; for a list's child, all elements of all its lists */
  load(vector: RawVector, size: number): void
  append(start: number, count: number): void
  appendNull(): void
  finish(): ColumnData
}
