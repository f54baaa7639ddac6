import type { Schema } from '../../src/arrow/schema.ts'
import type {
  ExecuteOptions,
  Execution,
  ResultInfo,
  Row,
  Statement,
  StatementSource,
} from '../../src/client/result.ts'
import type { SidecarError } from '../../src/errors.ts'

export interface Collected {
  schema: Schema | null
  rows: Row[]
  batches: number
  error: SidecarError | null
  info: ResultInfo
}

/**
 * Runs a statement on a source to its end. Fails the test when the source breaks its contract: a second
 * schema, a batch before the schema, anything after the end.
 */
export function collectRows(
  source: StatementSource,
  statement: Statement | string,
  options: ExecuteOptions = {},
  onBatch?: (execution: Execution, batches: number) => void,
): Promise<Collected> {
  return new Promise((resolve, reject) => {
    let schema: Schema | null = null
    let batches = 0
    let ended = false
    const rows: Row[] = []
    const check = (holds: boolean, what: string): void => {
      if (!holds) reject(new Error(what))
    }
    const execution = source.execute(
      typeof statement === 'string' ? { sql: statement } : statement,
      {
        onSchema(received) {
          check(!ended && schema === null, 'a second schema, or one after the end')
          schema = received
        },
        onBatch(batch) {
          check(!ended && schema !== null, 'a batch before the schema or after the end')
          batches++
          batch.appendRows(rows)
          onBatch?.(execution, batches)
        },
        onEnd(error, info) {
          check(!ended, 'a second end')
          ended = true
          // A moment later, so that what comes after the end is noticed.
          setImmediate(() => resolve({ schema, rows, batches, error, info }))
        },
      },
      options,
    )
  })
}
