import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../../arrow/schema.ts'
import { numberArray } from '../duckdb-arrow/value-arrays.ts'

/** What DoGet of a CommandPreparedStatementUpdate returns: one row, the count of rows it changed. */
export const UPDATE_SCHEMA: Schema = {
  fields: [field('affected_rows', { kind: 'int', bitWidth: 64, signed: true }, false)],
  metadata: NO_METADATA,
}

export function updateBatch(affectedRows: number): ColumnBatch {
  return { length: 1, columns: [numberArray(BigInt64Array.of(BigInt(affectedRows)))] }
}
