import type { RecordBatch, Table } from 'apache-arrow'
import type { Schema } from './schema.ts'

/**
 * An apache-arrow table of batches that share a schema; of none, an empty table with that schema. Loads
 * apache-arrow. Throws `UnsupportedError`, naming the column, for types apache-arrow cannot hold.
 */
export async function toTable(
  batches: ReadonlyArray<{ toRecordBatch(): Promise<RecordBatch> }>,
  schema: Schema,
): Promise<Table> {
  // By way of a module of ours: a bare import() in the CommonJS build would load apache-arrow's other
  // build, whose classes are not those the application holds.
  const { Table, toArrowSchema, withSchema } = await import('./apache-arrow-types.ts')
  const arrowSchema = toArrowSchema(schema)
  const recordBatches: RecordBatch[] = []
  for (const batch of batches) recordBatches.push(withSchema(await batch.toRecordBatch(), arrowSchema))
  return new Table(arrowSchema, recordBatches)
}
