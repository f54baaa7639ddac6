import type { RecordBatch } from 'apache-arrow'
import type { ArrayData } from './array-data.ts'
import type { RowObject } from './object-builder.ts'
import type { ReadPlan } from './read-plan.ts'
import type { Schema } from './schema.ts'
import type { ExpansionBudget, ValueReader } from './value-reader.ts'

// Kept, since even an import() of a loaded module resolves its name again: for every batch of a stream
// that costs as much as the batch does.
let recordBatches: typeof import('./record-batch.ts') | undefined

/** A received record batch: positions into the message until someone asks for rows. */
export class DecodedBatch {
  readonly rowCount: number
  readonly columns: readonly ArrayData[]
  readonly #plan: ReadPlan
  readonly #budget: ExpansionBudget

  constructor(plan: ReadPlan, rowCount: number, columns: readonly ArrayData[], budget: ExpansionBudget) {
    this.rowCount = rowCount
    this.columns = columns
    this.#plan = plan
    this.#budget = budget
  }

  get schema(): Schema {
    return this.#plan.schema
  }

  /** Bytes of the received body it lies on. */
  get byteLength(): number {
    return this.columns[0]?.body.bytes.length ?? 0
  }

  /** Appends every row to `target`, or none: throws `ProtocolError`, `LossyValueError` or `LimitError`. */
  appendRows(target: RowObject[]): void {
    if (this.rowCount === 0) return
    this.#budget.reset(this.byteLength)
    const { factories } = this.#plan
    const readers: ValueReader[] = []
    for (let i = 0; i < factories.length; i++) readers.push(factories[i]!(this.columns[i]!, this.#budget))
    const before = target.length
    try {
      this.#plan.appender(this.rowCount)(readers, this.rowCount, target)
    } catch (error) {
      target.length = before
      throw error
    }
  }

  /** A real apache-arrow batch over the received bytes; loads apache-arrow at first use. */
  async toRecordBatch(): Promise<RecordBatch> {
    recordBatches ??= await import('./record-batch.ts')
    return recordBatches.toRecordBatch(this)
  }
}
