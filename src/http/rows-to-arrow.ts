import type { RecordBatch } from 'apache-arrow'
import { columnFromValues } from '../arrow/columns-from-values.ts'
import { readIpc } from '../arrow/ipc-stream.ts'
import { frameIpcStream } from '../arrow/ipc-writer.ts'
import { plainSchema } from '../arrow/plain-schema.ts'
import { rowKeys } from '../arrow/row-keys.ts'
import type { Schema } from '../arrow/schema.ts'
import type { Row } from '../client/result.ts'

/**
 * Rows that came as JSON as an apache-arrow batch of their schema, dictionaries as plain values. The rows
 * have to hold the exact values of the default `values` options. Throws `RowValidationError` for a value
 * the type cannot hold, `UnsupportedError` for a type apache-arrow has no class for.
 */
export function recordBatchOfRows(schema: Schema, rows: readonly Row[]): Promise<RecordBatch> {
  const plain = plainSchema(schema)
  const keys = rowKeys(plain.fields)
  const columns = plain.fields.map((field, i) => {
    const values = rows.map((row) => row[keys[i]])
    return columnFromValues(field, values, (row) => ({ row, column: field.name }))
  })
  const parts = [...frameIpcStream(plain, [{ length: rows.length, columns }])]
  return readIpc(Buffer.concat(parts)).batches[0].toRecordBatch()
}
