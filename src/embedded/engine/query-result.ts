import type { DuckDBDataChunk, DuckDBResult, DuckDBType } from '@duckdb/node-api'
import { EngineError, engineErrorFrom } from './engine-error.ts'

export interface ResultColumn {
  readonly name: string
  readonly type: DuckDBType
}

/** DuckDB's `duckdb_result_type`: a result that has failed turns INVALID. */
const RESULT_TYPE_INVALID = 0

const CLOSED = () => new EngineError('cancelled', 'the result was closed before its end')

export interface QueryResultOwner {
  readonly signal: AbortSignal
  /** Runs work on the connection, interrupted when `signal` is aborted. */
  interruptible<Value>(work: () => Promise<Value>): Promise<Value>
  /** Aborts `signal`. */
  stop(reason: EngineError): void
  /** Asks again why a failed stream failed. */
  explainFailure(): Promise<EngineError>
  /** Gives the connection back; `clean` is false when the stream was left before its end. */
  release(clean: boolean): Promise<void>
}

/**
 * The rows of one statement, fetched as they are asked for: `next()` until it gives null, then nothing
 * is left to do; `close()` earlier stops the statement. The connection is held until then.
 */
export class QueryResult {
  readonly columns: readonly ResultColumn[]
  /** Rows inserted, updated or deleted, for a statement that changes data; null for one that reads. */
  readonly rowsChanged: number | null
  private readonly result: DuckDBResult
  private readonly owner: QueryResultOwner
  private fetching: Promise<DuckDBDataChunk | null> | null = null
  private closing: Promise<void> | null = null
  private abandoned = false

  constructor(
    result: DuckDBResult,
    columns: readonly ResultColumn[],
    rowsChanged: number | null,
    owner: QueryResultOwner,
  ) {
    this.result = result
    this.columns = columns
    this.rowsChanged = rowsChanged
    this.owner = owner
  }

  /** Aborted when the statement is stopped, whoever stops it; its reason is the error to report. */
  get signal(): AbortSignal {
    return this.owner.signal
  }

  /**
   * The next chunk, of at most 2 048 rows, or null after the last. Chunks stay valid after further calls.
   * Throws `EngineError`; a stream that fails never looks like one that ends.
   */
  async next(): Promise<DuckDBDataChunk | null> {
    if (this.closing) {
      await this.closing
      this.owner.signal.throwIfAborted()
      if (this.abandoned) throw CLOSED()
      return null
    }
    const { signal } = this.owner
    try {
      this.fetching = this.owner.interruptible(() => this.result.fetchChunk())
      const chunk = await this.fetching
      signal.throwIfAborted()
      if (chunk && chunk.rowCount > 0) return chunk
      // The binding reports a stream that fails as one that ends; only the result's type tells them apart.
      if (this.result.returnType === RESULT_TYPE_INVALID) throw await this.owner.explainFailure()
    } catch (error) {
      await this.finish(false)
      throw signal.aborted ? signal.reason : engineErrorFrom(error)
    } finally {
      this.fetching = null
    }
    await this.finish(true)
    return null
  }

  /** Stops the statement if it still runs and gives its connection back. Never throws. */
  async close(): Promise<void> {
    if (this.closing) return this.closing
    this.abandoned = true
    if (this.fetching) {
      this.owner.stop(CLOSED())
      await this.fetching.catch(() => {})
    }
    await this.finish(false)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DuckDBDataChunk, void, undefined> {
    try {
      for (let chunk = await this.next(); chunk; chunk = await this.next()) yield chunk
    } finally {
      await this.close()
    }
  }

  private finish(clean: boolean): Promise<void> {
    this.closing ??= this.owner.release(clean)
    return this.closing
  }
}
