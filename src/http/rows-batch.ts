import type { RecordBatch } from 'apache-arrow'
import { plainSchema } from '../arrow/plain-schema.ts'
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

  /** JSON has no dictionaries, so its columns are plain. */
  get arrowSchema(): Schema {
    return plainSchema(this.schema)
  }

  get rowCount(): number {
    return this.#rows.length
  }

  appendRows(target: Row[]): void {
    for (const row of this.#rows) target.push(row)
  }

  async toRecordBatch(): Promise<RecordBatch> {
    const { recordBatchOfRows } = await import('./rows-to-arrow.ts')
    return recordBatchOfRows(this.arrowSchema, this.#rows)
  }
}
