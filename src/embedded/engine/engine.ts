import type { DuckDBInstance, DuckDBResult, DuckDBType } from '@duckdb/node-api'
import { ActiveQueries, type QueryProtocol } from './active-queries.ts'
import { ConnectionPool, type PooledConnection } from './connection-pool.ts'
import { type DuckDBModule, loadDuckDB } from './duckdb.ts'
import { EngineError, engineErrorFrom, messageWithoutPlace } from './engine-error.ts'
import { interruptible } from './interruptible.ts'
import { bindParameters, type Parameters, type PreparedSql, prepareStatement } from './prepare.ts'
import { QueryResult, type ResultColumn } from './query-result.ts'
import { StatementRun } from './statement-run.ts'
import { dollarParameters, type StatementTarget } from './statement-target.ts'

export interface EngineOptions {
  /** DuckDB worker threads. */
  threads: number
  /** As DuckDB writes it, such as `2GB`; undefined leaves DuckDB's own choice, 80% of the memory. */
  memoryLimit?: string
  /** Statements that run at the same time; further ones wait. */
  maxConcurrentQueries: number
  /** Statements that may wait; one more is refused. */
  maxWaitingQueries: number
  /** Each statement is stopped after this long; undefined means never. */
  queryTimeoutMs?: number
}

export interface ExecuteOptions {
  parameters?: Parameters
  /** Aborting it interrupts the statement, wherever it is. */
  signal?: AbortSignal
  protocol: QueryProtocol
  /** Who asks; the default is the shared principal of a runtime without keys. */
  principal?: string
  /** Refuse statements that change data. */
  readOnly?: boolean
}

export interface StatementDescription {
  /** Null when the types cannot be known before the parameters are. */
  readonly columns: readonly ResultColumn[] | null
  /** In order of their numbers; `type` is null when the statement does not tell. */
  readonly parameters: readonly { readonly name: string; readonly type: DuckDBType | null }[]
  readonly does: 'read' | 'write' | 'create'
}

/** What the engine must know about the datasets to judge a statement. */
export interface TableAccess {
  /** Throws `EngineError` unless `target` is a dataset that may be changed. */
  assertWritable(target: StatementTarget): void
  /** The dataset still being loaded that `error` complains about, if it does. */
  loadingDataset(error: EngineError): string | null
}

export const PUBLIC_PRINCIPAL = 'public'

/** How long the engine may take to find out why a stream failed. */
const EXPLAIN_FAILURE_MS = 5_000

/** DuckDB's `duckdb_result_type`. */
const RESULT_TYPE_ROWS = 3

/** DuckDB in memory, with the catalog `spice` and its schema `public` as the default, as the runtime has it. */
export class Engine {
  readonly active = new ActiveQueries()
  readonly duckdb: DuckDBModule
  readonly instance: DuckDBInstance
  /** Called after every statement that changed data. */
  onDataChanged: () => void = () => {}
  private readonly options: EngineOptions
  private readonly pool: ConnectionPool
  private tables: TableAccess | null = null
  private refusal: EngineError | null = null

  private constructor(duckdb: DuckDBModule, instance: DuckDBInstance, options: EngineOptions) {
    this.duckdb = duckdb
    this.instance = instance
    this.options = options
    this.pool = new ConnectionPool(instance, {
      size: options.maxConcurrentQueries,
      maxWaiting: options.maxWaitingQueries,
      initialSql: 'USE spice.public',
    })
  }

  /** Throws `UnsupportedError` when DuckDB is not installed. */
  static async open(options: EngineOptions): Promise<Engine> {
    const duckdb = await loadDuckDB()
    const instance = await duckdb.DuckDBInstance.create(':memory:', {
      threads: String(options.threads),
      // Nothing is spilled: a statement that needs more than the memory limit fails, as in the runtime.
      temp_directory: '',
      ...(options.memoryLimit ? { memory_limit: options.memoryLimit } : {}),
    })
    const connection = await instance.connect()
    for (const sql of [
      `ATTACH ':memory:' AS spice`,
      'CREATE SCHEMA spice.public',
      `SET GLOBAL TimeZone = 'UTC'`,
    ]) {
      await connection.run(sql)
    }
    connection.disconnectSync()
    return new Engine(duckdb, instance, options)
  }

  /** Says which datasets may be written; until then every write is refused. */
  guardWith(tables: TableAccess): void {
    this.tables = tables
  }

  /**
   * Starts a statement and gives its result once the first rows can be fetched. The result must be read
   * to its end or closed. Throws `EngineError`.
   */
  async execute(sql: string, options: ExecuteOptions): Promise<QueryResult> {
    if (this.refusal) throw this.refusal
    const text =
      options.parameters instanceof Map ? dollarParameters(sql, new Set(options.parameters.keys())) : sql
    const run = new StatementRun(
      this.active.add(sql, options.protocol, options.principal ?? PUBLIC_PRINCIPAL),
    )
    try {
      run.stopAfter(this.options.queryTimeoutMs)
      run.stopWith(options.signal)
      return await this.start(run, text, options)
    } catch (error) {
      const reason = run.signal.aborted ? run.signal.reason : engineErrorFrom(error)
      await this.release(run, false)
      throw this.explained(reason)
    }
  }

  /** Plans a statement without running it. Throws `EngineError`. */
  async describe(
    sql: string,
    options: { signal?: AbortSignal; readOnly?: boolean } = {},
  ): Promise<StatementDescription> {
    if (this.refusal) throw this.refusal
    const signal = options.signal ?? new AbortController().signal
    const pooled = await this.pool.acquire(signal)
    try {
      const prepared = await interruptible(pooled.connection, signal, () =>
        prepareStatement(this.duckdb, pooled, sql),
      )
      try {
        this.authorise(prepared, options.readOnly ?? false)
        return description(prepared)
      } finally {
        prepared.statement.destroySync()
      }
    } catch (error) {
      if (signal.aborted) throw new EngineError('cancelled', 'the query was cancelled by its client')
      throw this.explained(engineErrorFrom(error))
    } finally {
      this.pool.release(pooled)
    }
  }

  /** Refuses new statements and stops running ones after `deadlineMs`; resolves when all have ended. */
  async drain(deadlineMs: number): Promise<void> {
    this.refusal = new EngineError('shutting-down', 'Runtime is shutting down')
    const timer = setTimeout(() => {
      this.active.cancelAll(
        new EngineError('shutting-down', 'the runtime was stopped before the statement ended'),
      )
    }, deadlineMs)
    await this.active.whenIdle()
    clearTimeout(timer)
  }

  /** To be called after `drain`. */
  close(): void {
    this.pool.close()
    this.instance.closeSync()
  }

  private async start(run: StatementRun, sql: string, options: ExecuteOptions): Promise<QueryResult> {
    const pooled = await this.pool.acquire(run.signal)
    run.connection = pooled
    const guarded = <Value>(work: () => Promise<Value>) => interruptible(pooled.connection, run.signal, work)
    const prepared = await guarded(() => this.prepare(pooled, sql))
    this.authorise(prepared, options.readOnly ?? false)
    bindParameters(prepared.statement, options.parameters)
    const { statement, kind } = prepared
    const result = await guarded<DuckDBResult>(() =>
      kind.does === 'read' ? statement.stream() : statement.run(),
    )
    if (kind.does !== 'read') this.onDataChanged()
    run.signal.throwIfAborted()
    const { columns, rowsChanged } = shapeOf(result, prepared)
    return new QueryResult(result, columns, rowsChanged, {
      signal: run.signal,
      interruptible: guarded,
      stop: (reason) => run.query.controller.abort(reason),
      explainFailure: () => this.explainFailure(pooled, run.signal, sql, options),
      release: (clean) => this.release(run, clean),
    })
  }

  private async prepare(pooled: PooledConnection, sql: string): Promise<PreparedSql> {
    const known = pooled.takePrepared(sql)
    if (known) return known
    const prepared = await prepareStatement(this.duckdb, pooled, sql)
    pooled.keepPrepared(sql, prepared)
    return prepared
  }

  private authorise({ kind }: PreparedSql, readOnly: boolean): void {
    if (kind.does === 'read') return
    if (readOnly) {
      throw new EngineError(
        'read-only',
        `${kind.target.verb} is not allowed in a read-only SQL context: the API key does not allow writing`,
      )
    }
    if (!this.tables) throw new EngineError('not-ready', 'the datasets are not loaded yet')
    this.tables.assertWritable(kind.target)
  }

  private explained(error: EngineError): EngineError {
    const loading = this.tables?.loadingDataset(error)
    if (!loading) return error
    return new EngineError('not-ready', `Acceleration not ready; loading initial data for ${loading}`, {
      cause: error,
    })
  }

  /**
   * DuckDB's binding does not tell why a stream failed, so the statement, which only reads, is run once
   * more under EXPLAIN ANALYZE: that keeps no rows and reports the error.
   */
  private async explainFailure(
    { connection }: PooledConnection,
    signal: AbortSignal,
    sql: string,
    options: ExecuteOptions,
  ): Promise<EngineError> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(EXPLAIN_FAILURE_MS)])
    try {
      const statement = await connection.prepare(`EXPLAIN ANALYZE ${sql}`)
      try {
        bindParameters(statement, options.parameters)
        await interruptible(connection, limited, () => statement.run())
      } finally {
        statement.destroySync()
      }
    } catch (error) {
      const { kind } = engineErrorFrom(error)
      if (kind !== 'cancelled') return new EngineError(kind, messageWithoutPlace(error), { cause: error })
    }
    return new EngineError('statement', 'the statement failed while its rows were being read')
  }

  private async release(run: StatementRun, clean: boolean): Promise<void> {
    const pooled = run.connection
    run.end()
    if (pooled) {
      // A stream that was left keeps its buffers until the connection runs something else.
      if (!clean) await pooled.connection.run('SELECT 1').catch(() => {})
      this.pool.release(pooled)
    }
    this.active.remove(run.query)
  }
}

function shapeOf(result: DuckDBResult, { kind }: PreparedSql) {
  const columns: ResultColumn[] = Array.from({ length: result.columnCount }, (_, index) => ({
    name: result.columnName(index),
    type: result.columnType(index),
  }))
  if (kind.does === 'read') return { columns, rowsChanged: null }
  if (result.returnType === RESULT_TYPE_ROWS) return { columns, rowsChanged: result.rowsChanged }
  // DuckDB calls the column `Count`; the runtime calls it `count`.
  return { columns: columns.map(({ type }) => ({ name: 'count', type })), rowsChanged: result.rowsChanged }
}

/** The type ID of something DuckDB cannot type before its parameters are bound. */
const TYPE_ID_INVALID = 0

function description({ statement, kind }: PreparedSql): StatementDescription {
  const columns = Array.from({ length: statement.columnCount }, (_, index) => ({
    name: kind.does === 'read' ? statement.columnName(index) : statement.columnName(index).toLowerCase(),
    type: statement.columnTypeId(index) === TYPE_ID_INVALID ? null : statement.columnType(index),
  }))
  const parameters = Array.from({ length: statement.parameterCount }, (_, index) => ({
    name: statement.parameterName(index + 1),
    type:
      statement.parameterTypeId(index + 1) === TYPE_ID_INVALID ? null : statement.parameterType(index + 1),
  }))
  return {
    columns: columns.every((column): column is ResultColumn => column.type !== null) ? columns : null,
    parameters,
    does: kind.does,
  }
}
