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
  const [{ Table }, { toArrowSchema }] = await Promise.all([
    import('apache-arrow'),
    import('./apache-arrow-types.ts'),
  ])
  const recordBatches: RecordBatch[] = []
  for (const batch of batches) recordBatches.push(await batch.toRecordBatch())
  return new Table(toArrowSchema(schema), recordBatches)
}
