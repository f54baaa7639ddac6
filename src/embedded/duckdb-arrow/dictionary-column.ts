import type { ColumnData } from '../../arrow/column-data.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { FixedWidthColumn } from './fixed-width-column.ts'
import type { RawVector } from './raw-vectors.ts'
import { utf8Array } from './value-arrays.ts'

/** ENUM: indices into the type's values in both; the values become the dictionary, the same in every batch. */
export class DictionaryColumn implements ColumnBuilder {
  private readonly indices: FixedWidthColumn
  private readonly dictionary: NonNullable<ColumnData['dictionary']>

  constructor(indexWidth: number, values: readonly string[]) {
    this.indices = new FixedWidthColumn(indexWidth)
    this.dictionary = { type: { kind: 'utf8' }, values: utf8Array(values) }
  }

  get byteLength(): number {
    return this.indices.byteLength
  }

  load(vector: RawVector, size: number): void {
    this.indices.load(vector, size)
  }

  append(start: number, count: number): void {
    this.indices.append(start, count)
  }

  appendNull(): void {
    this.indices.appendNull()
  }

  finish(): ColumnData {
    return { ...this.indices.finish(), dictionary: this.dictionary }
  }
}
