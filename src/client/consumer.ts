import type { Schema } from '../arrow/schema.ts'
import { AbortError, ProtocolError, SidecarError } from '../errors.ts'
import type { Execution, ResultBatch, ResultInfo, ResultSink, Row } from './result.ts'

/** When things happened, in milliseconds since the query was started; undefined until they have. */
export interface QueryTimings {
  schemaMs?: number
  firstBatchMs?: number
  totalMs?: number
}

/** What every way of reading a result shares: it is a sink, keeps the times and what was learnt at the end. */
export abstract class Consumer implements ResultSink {
  schema: Schema | null = null
  info: ResultInfo | null = null
  execution: Execution | null = null
  /** In `performance.now()` milliseconds. */
  readonly startedAt = performance.now()
  #schemaAt = 0
  #firstBatchAt = 0
  #endedAt = 0

  get timings(): QueryTimings {
    const since = (at: number) => (at === 0 ? undefined : at - this.startedAt)
    return {
      schemaMs: since(this.#schemaAt),
      firstBatchMs: since(this.#firstBatchAt),
      totalMs: since(this.#endedAt),
    }
  }

  onSchema(schema: Schema): void {
    this.schema = schema
    this.#schemaAt = performance.now()
  }

  onBatch(batch: ResultBatch): void {
    if (this.#firstBatchAt === 0) this.#firstBatchAt = performance.now()
    this.take(batch)
  }

  onEnd(error: SidecarError | null, info: ResultInfo): void {
    this.#endedAt = performance.now()
    this.info = info
    this.end(error)
  }

  protected abstract take(batch: ResultBatch): void
  protected abstract end(error: SidecarError | null): void
}

/** All rows of a result in one array. */
export class RowsConsumer extends Consumer {
  readonly #rows: Row[] = []
  readonly #resolve: (rows: Row[]) => void
  readonly #reject: (error: unknown) => void
  readonly #enough: number

  /** @param enough rows after which the rest is not wanted and the execution is cancelled */
  constructor(resolve: (rows: Row[]) => void, reject: (error: unknown) => void, enough = Infinity) {
    super()
    this.#resolve = resolve
    this.#reject = reject
    this.#enough = enough
  }

  protected override take(batch: ResultBatch): void {
    try {
      batch.appendRows(this.#rows)
    } catch (error) {
      this.#reject(error)
      this.execution?.cancel(asSidecarError(error))
      return
    }
    if (this.#rows.length < this.#enough) return
    this.#resolve(this.#rows)
    this.execution?.cancel(notWanted())
  }

  protected override end(error: SidecarError | null): void {
    // After an early resolve or reject this does nothing: the first outcome stands.
    if (error === null) this.#resolve(this.#rows)
    else this.#reject(error)
  }
}

/** The reason given to a source whose remaining rows are not wanted; no caller ever sees it. */
export function notWanted(): SidecarError {
  return new AbortError('No more rows are wanted')
}

function asSidecarError(error: unknown): SidecarError {
  if (error instanceof SidecarError) return error
  return new ProtocolError(`A result could not be decoded: ${String(error)}`, { cause: error })
}
