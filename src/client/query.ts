import type { RecordBatch, Table } from 'apache-arrow'
import { NO_METADATA, type Schema } from '../arrow/schema.ts'
import { AbortError, ClosedError } from '../errors.ts'
import { BatchQueue } from './batch-queue.ts'
import { type Consumer, type QueryTimings, RowsConsumer } from './consumer.ts'
import { type JsonValue, jsonSafeRows } from './json-safe.ts'
import type { QueryOptions } from './query-options.ts'
import type { Execution, Reading, ResultBatch, ResultInfo, ResultSink, Row, Statement } from './result.ts'
import { RowIterator } from './row-iterator.ts'
import { type RowConverter, type RowOf, rowValidator, type StandardSchema } from './typed-rows.ts'

/** Starts a statement for a query; the client behind it. */
export interface QueryRunner {
  /** Throws `OptionsError` or `ClosedError`; every later failure arrives in `sink.onEnd`. */
  start(
    statement: Statement,
    sink: ResultSink,
    options: QueryOptions,
    reading: Reading,
    /** In `performance.now()` milliseconds. */
    startedAt: number,
  ): Execution
  /** Milliseconds one query may take, unless its options say otherwise. */
  readonly timeoutMs: number
}

/** A row of `json()`: an object of the same columns, unless a schema made something else of rows. */
export type JsonRow<T> = T extends object ? { [column: string]: JsonValue } : JsonValue

/**
 * One statement and its result. Nothing is sent until the result is asked for, in one of these ways, of
 * which the first decides: `await`, `rows()`, `first()`, `table()`, `batches()`, `for await`.
 */
export class Query<T = Row> implements PromiseLike<T[]>, AsyncIterable<T> {
  readonly #runner: QueryRunner
  readonly #statement: Statement
  readonly #options: QueryOptions
  readonly #convert: RowConverter<T> | null
  #consumer: Consumer | null = null
  #rows: Promise<T[]> | null = null
  #cancelled: AbortError | null = null

  constructor(
    runner: QueryRunner,
    statement: Statement,
    options: QueryOptions,
    convert: RowConverter<T> | null = null,
  ) {
    this.#runner = runner
    this.#statement = statement
    this.#options = options
    this.#convert = convert
  }

  get sql(): string {
    return this.#statement.sql
  }

  /** The result's schema, once it has arrived. */
  get schema(): Schema | null {
    return this.#consumer?.schema ?? null
  }

  /** Known after the end. */
  get info(): ResultInfo | null {
    return this.#consumer?.info ?? null
  }

  /** Things the caller should know about this result, such as values the reply could not carry exactly. */
  get warnings(): readonly string[] {
    return this.info?.warnings ?? []
  }

  get timings(): QueryTimings {
    return this.#consumer?.timings ?? {}
  }

  /**
   * The same query with every row validated, and typed, by a schema of zod or any other library of the
   * Standard Schema interface. Reading it throws `RowValidationError` at the first row that does not fit.
   */
  as<S extends StandardSchema>(schema: S): Query<RowOf<S>> {
    return new Query(this.#runner, this.#statement, this.#options, rowValidator(schema))
  }

  /** All rows, or what the schema of `as()` makes of them, in a form JSON can carry without loss: see `jsonSafeRows`. */
  async json(): Promise<JsonRow<T>[]> {
    return jsonSafeRows(await this.rows()) as JsonRow<T>[]
  }

  /** All rows. Asked again, the same promise. */
  rows(): Promise<T[]> {
    this.#rows ??= this.#collect(Infinity)
    return this.#rows
  }

  /** The first row, or undefined when there is none. Rows after it are not waited for. */
  async first(): Promise<T | undefined> {
    return (await this.#collect(1))[0]
  }

  // biome-ignore lint/suspicious/noThenProperty: a query is awaitable by design
  then<A = T[], B = never>(
    onFulfilled?: ((rows: T[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.rows().then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T[] | B> {
    return this.rows().catch(onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<T[]> {
    return this.rows().finally(onFinally)
  }

  /** The whole result as an apache-arrow Table; over Flight it lies on the received buffers. */
  async table(): Promise<Table> {
    const queue = this.#stream({ rows: false, streaming: false, whole: true })
    try {
      const batches: ResultBatch[] = []
      for (let batch = await queue.next(); batch !== null; batch = await queue.next()) batches.push(batch)
      const { toTable } = await import('../arrow/table.ts')
      const schema = batches[0]?.arrowSchema ?? queue.schema
      return await toTable(batches, schema ?? { fields: [], metadata: NO_METADATA })
    } catch (error) {
      throw this.#traced(error)
    } finally {
      queue.stop()
    }
  }

  /** apache-arrow RecordBatches as they arrive, at the reader's pace. Leaving the loop cancels the rest. */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const queue = this.#stream({ rows: false, streaming: true, whole: false })
    try {
      for (let batch = await queue.next(); batch !== null; batch = await queue.next()) {
        yield await batch.toRecordBatch()
        this.#throwIfEnded()
      }
    } catch (error) {
      throw this.#traced(error)
    } finally {
      queue.stop()
    }
  }

  /** Rows as they arrive, at the reader's pace. Leaving the loop cancels the rest. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new RowIterator(
      () => this.#stream({ rows: true, streaming: true, whole: false }),
      this.#convert,
      (error) => this.#traced(error),
      () => this.#throwIfEnded(),
    )
  }

  /** Ends the query: whoever waits for it gets `AbortError`. A query not yet started never starts. */
  cancel(reason?: unknown): void {
    this.#cancelled ??= new AbortError('The query was cancelled', { cause: reason })
    this.#consumer?.execution?.cancel(this.#cancelled)
  }

  /** A reader in a loop stops at its next step, whatever has arrived for it already. */
  #throwIfEnded(): void {
    if (this.#cancelled !== null) throw this.#cancelled
    const { signal } = this.#options
    if (signal?.aborted) throw new AbortError('The query was aborted by its signal', { cause: signal.reason })
  }

  async #collect(enough: number): Promise<T[]> {
    try {
      const rows = await new Promise<Row[]>((resolve, reject) => {
        const reading = { rows: true, streaming: false, whole: enough === Infinity }
        this.#start(new RowsConsumer(resolve, reject, enough), reading)
      })
      if (this.#convert === null) return rows as T[]
      // Rows that came along with those wanted are nobody's, so they need not fit.
      return this.#convert(rows.length > enough ? rows.slice(0, enough) : rows, 0)
    } catch (error) {
      throw this.#traced(error)
    }
  }

  #stream(reading: Reading): BatchQueue {
    const waitMs = reading.streaming ? (this.#options.timeoutMs ?? this.#runner.timeoutMs) : Infinity
    const queue = new BatchQueue(waitMs)
    this.#start(queue, reading)
    return queue
  }

  #start(consumer: Consumer, reading: Reading): void {
    if (this.#cancelled !== null) throw this.#cancelled
    if (this.#consumer !== null) {
      throw new ClosedError(
        'This query has been read already; a query is good for one reading: make another',
        {
          unprocessed: false,
        },
      )
    }
    this.#consumer = consumer
    consumer.execution = this.#runner.start(
      this.#statement,
      consumer,
      this.#options,
      reading,
      consumer.startedAt,
    )
  }

  // An error made where bytes arrive has a stack that says nothing to the caller; at this point, inside
  // the async function the caller waits for, V8 knows who that is. Costs nothing until something fails.
  #traced(error: unknown): unknown {
    if (error instanceof Error) Error.captureStackTrace(error, this.#traced)
    return error
  }
}
