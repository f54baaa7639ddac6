import type { ColumnData } from '../../arrow/column-data.ts'
import { ByteParts, bytesOf } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { FixedWidthColumn } from './fixed-width-column.ts'
import type { RawVector } from './raw-vectors.ts'

/** ENUM: indices into the type's values in both; the values become the dictionary, the same in every batch. */
export class DictionaryColumn implements ColumnBuilder {
  private readonly indices: FixedWidthColumn
  private readonly dictionary: NonNullable<ColumnData['dictionary']>

  constructor(indexWidth: number, values: readonly string[]) {
    this.indices = new FixedWidthColumn(indexWidth)
    this.dictionary = { type: { kind: 'utf8' }, values: utf8Column(values) }
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

/** A Utf8 array of JavaScript strings. */
export function utf8Column(values: ReadonlyArray<string | null>): ColumnData {
  const bytes = new ByteParts()
  const offsets = new Int32Array(values.length + 1)
  const validity = new Uint8Array((values.length + 7) >> 3)
  let nullCount = 0
  for (const [index, value] of values.entries()) {
    if (value === null) nullCount++
    else {
      validity[index >> 3] |= 1 << (index & 7)
      bytes.push(Buffer.from(value))
    }
    offsets[index + 1] = bytes.byteLength
  }
  const buffers = [nullCount > 0 ? validity : null, bytesOf(offsets), bytes.take()]
  return { length: values.length, nullCount, buffers, children: [] }
}
