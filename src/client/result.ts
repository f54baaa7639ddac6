import type { RecordBatch } from 'apache-arrow'
import type { Schema } from '../arrow/schema.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { SidecarError } from '../errors.ts'

/**
 * The seam between a query and what answers it. Flight and HTTP each fill `StatementSource`; `Query`
 * turns what a `ResultSink` is told into rows, batches or a table.
 */
export interface StatementSource {
  readonly transport: 'flight' | 'http'
  /** Starts a statement. Never throws: every failure arrives in `sink.onEnd`. */
  execute(statement: Statement, sink: ResultSink, options: ExecuteOptions): Execution
  close(graceMs?: number): Promise<void>
}

export interface Statement {
  readonly sql: string
  /** `$1, $2, …` by position, or `$name` by name; undefined when there are none. */
  readonly parameters?: readonly unknown[] | Readonly<Record<string, unknown>>
  /** True when the caller vouches that running the statement twice does no harm; false that it may. Default: judged from its text. */
  readonly idempotent?: boolean
  /** True for a statement run for its effect: its result is one row with the column `count`. */
  readonly update?: boolean
}

/** How a result is read. */
export interface Reading {
  /** As rows in the values asked for; false for Arrow batches. */
  rows: boolean
  /** At the reader's pace, with no deadline for the whole. */
  streaming: boolean
  /** As a whole: none of it is seen before its end has come, and all of it is kept. */
  whole: boolean
}

export interface ExecuteOptions {
  /** Default: rows at the reader's pace. */
  reading?: Reading
  /** Absolute, in `performance.now()` milliseconds. */
  deadline?: number
  /** The allowed time the deadline was made from, for messages. */
  timeoutMs?: number
  signal?: AbortSignal
  values?: ValueOptions
  /** `Cache-Control` of the request: `no-cache`, `only-if-cached`, … */
  cache?: string
  /** Further request headers or metadata; names lower-case. */
  headers?: Readonly<Record<string, string>>
}

/** Exactly one `onEnd` ends every execution; nothing is called after it. */
export interface ResultSink {
  /** Before the first batch. Absent only when the execution fails before a schema is known. */
  onSchema(schema: Schema): void
  onBatch(batch: ResultBatch): void
  onEnd(error: SidecarError | null, info: ResultInfo): void
}

export type Row = Record<string, unknown>

/** Some rows of a result, decoded only when asked. */
export interface ResultBatch {
  readonly rowCount: number
  /** Bytes it keeps in memory, where they are known. */
  readonly byteLength?: number
  /** The schema of its Arrow form, where that is another than the result's. */
  readonly arrowSchema?: Schema
  /** Appends every row to `target`. Throws `ProtocolError` or `LossyValueError`. */
  appendRows(target: Row[]): void
  /** A real apache-arrow batch; over Flight it lies on the received buffers. Loads apache-arrow. */
  toRecordBatch(): Promise<RecordBatch>
}

export interface Execution {
  /** Asks the source to stop delivering; at most one more batch may arrive. */
  pause(): void
  resume(): void
  cancel(reason: SidecarError): void
}

/** What was learnt about an execution besides its rows. */
export interface ResultInfo {
  /** Things the caller should know, such as values a runtime's JSON cannot carry exactly. */
  warnings: string[]
  /** RPCs or HTTP requests this execution cost. */
  roundTrips: number
  /** `results-cache-status` as sent: HIT, MISS, BYPASS, STALE. */
  cacheStatus?: string
  /** `spice-trace-id` as sent. */
  traceId?: string
}
