import type { DataType } from './schema.ts'

/**
 * One Arrow array as raw buffers, in the order the columnar format gives for its type (the validity
 * bitmap first where the type has one). This is what writers hand to the IPC encoder.
 */
export interface ColumnData {
  readonly length: number
  readonly nullCount: number
  /** A buffer may be longer than needed; `null` stands for an absent validity bitmap. */
  readonly buffers: ReadonlyArray<Uint8Array | null>
  readonly children: readonly ColumnData[]
  /** View types only: how many variadic data buffers end `buffers`. */
  readonly variadicCount?: number
  /** Dictionary-encoded columns: the dictionary's values; `buffers` then hold validity and indices. */
  readonly dictionary?: { readonly type: DataType; readonly values: ColumnData }
}
