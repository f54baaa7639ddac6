import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { Schema } from '../../arrow/schema.ts'

/** A small result made by the server itself, such as the list of tables: known schema, few rows. */
export interface ArrowTable {
  readonly schema: Schema
  /** Rows are read only when somebody asks for them. */
  read(): Promise<ColumnBatch>
}
