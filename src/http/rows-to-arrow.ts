import type { RecordBatch } from 'apache-arrow'
import { columnFromValues } from '../arrow/columns-from-values.ts'
import { readIpc } from '../arrow/ipc-stream.ts'
import { frameIpcStream } from '../arrow/ipc-writer.ts'
import { rowKeys } from '../arrow/row-keys.ts'
import type { Schema } from '../arrow/schema.ts'
import type { Row } from '../client/result.ts'

/**
 * Rows that came as JSON as an apache-arrow batch of a schema without dictionaries. The rows have to hold the
 * exact values of the default `values` options. Throws `RowValidationError` for a value the type cannot hold,
 * `UnsupportedError` for a type apache-arrow has no class for.
 */
export function recordBatchOfRows(schema: Schema, rows: readonly Row[]): Promise<RecordBatch> {
  const keys = rowKeys(schema.fields)
  const columns = schema.fields.map((field, i) => {
    const values = rows.map((row) => row[keys[i]])
    if (field.type.kind === 'utf8') {
      for (let j = 0; j < values.length; j++) values[j] = asText(values[j])
    }
    return columnFromValues(field, values, (row) => ({ row, column: field.name }))
  })
  const parts = [...frameIpcStream(schema, [{ length: rows.length, columns }])]
  return readIpc(Buffer.concat(parts)).batches[0].toRecordBatch()
}

/** Text as it is; of the mixed and nested values of a column whose type was inferred, the JSON. */
function asText(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}
