import type { RecordBatch } from 'apache-arrow'
import type { Schema } from '../arrow/schema.ts'
import type { ResultBatch, Row } from '../client/result.ts'

/** Rows that are rows already. */
export class RowsBatch implements ResultBatch {
  readonly schema: Schema
  readonly #rows: Row[]

  constructor(schema: Schema, rows: Row[]) {
    this.schema = schema
    this.#rows = rows
  }

  get rowCount(): number {
    return this.#rows.length
  }

  appendRows(target: Row[]): void {
    for (const row of this.#rows) target.push(row)
  }

  async toRecordBatch(): Promise<RecordBatch> {
    const { recordBatchOfRows } = await import('./rows-to-arrow.ts')
    return recordBatchOfRows(this.schema, this.#rows)
  }
}
