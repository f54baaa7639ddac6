import { formatFlightAddress, formatHttpAddress } from '../address.ts'
import type { Endpoint } from '../discovery/discover.ts'
import { type CandidateReport, ClosedError, OptionsError, UnsupportedError } from '../errors.ts'
import type { FlightClient } from '../flight/flight-client.ts'
import type { CallOptions, RuntimeApi } from '../http/runtime-api.ts'
import type { Catalog, ComponentStatus } from '../http/runtime-types.ts'
import type { ResolvedOptions } from '../resolved-options.ts'
import type { SqlFragment } from '../sql/fragment.ts'
import { sql } from '../sql/sql.ts'
import { DatasetsApi } from './datasets.ts'
import { affectedRows, type ExecuteResult, statementOf } from './execute.ts'
import { Query, type QueryRunner } from './query.ts'
import { checkQueryOptions, NO_QUERY_OPTIONS, type Parameters, type QueryOptions } from './query-options.ts'
import type {
  ExecuteOptions,
  Execution,
  Reading,
  ResultSink,
  Row,
  Statement,
  StatementSource,
} from './result.ts'
import type { DatasetWriter, WriteOptions, WriteResult } from './write.ts'
import type { WriteSource } from './write-source.ts'

/** What discovery found and why, for logs and for people. */
export interface EndpointReport {
  /** `http://127.0.0.1:8090`; null when only Flight is known. */
  http: string | null
  /** `grpc://127.0.0.1:50051`; null when only HTTP is used. */
  flight: string | null
  /** What carries queries unless they say otherwise. */
  transport: 'flight' | 'http'
  /** `spice` when the runtime identified itself; `flight-sql` for any other Flight SQL server. */
  server: 'spice' | 'flight-sql' | 'unknown'
  /** The steps that led here, in order. */
  reasons: readonly string[]
  candidates: readonly CandidateReport[]
}

/** What a client may use: at least one transport, and the rest of the HTTP API where HTTP is known. */
export interface Sources {
  flight: StatementSource | null
  flightClient: FlightClient | null
  http: StatementSource | null
  api: RuntimeApi | null
}

/** A connected runtime. Made by `connect()`. */
export class SidecarClient implements AsyncDisposable {
  readonly endpoint: EndpointReport
  readonly #options: ResolvedOptions
  readonly #sources: Sources
  readonly #runner: QueryRunner
  readonly #api: RuntimeApi | null
  #closed: Promise<void> | null = null
  #writer: DatasetWriter | null = null

  constructor(options: ResolvedOptions, endpoint: Endpoint, sources: Sources) {
    this.#options = options
    this.#sources = sources
    this.#api = sources.api
    this.endpoint = {
      http: endpoint.http && formatHttpAddress(endpoint.http),
      flight: sources.flight && endpoint.flight && formatFlightAddress(endpoint.flight),
      transport: sources.flight === null ? 'http' : 'flight',
      server: endpoint.server,
      reasons: endpoint.reasons,
      candidates: endpoint.candidates,
    }
    this.#runner = {
      timeoutMs: options.timeoutMs,
      start: (statement, sink, queryOptions, reading, startedAt) =>
        this.#start(statement, sink, queryOptions, reading, startedAt),
    }
  }

  /**
   * A statement, sent when its result is asked for: `await` it for rows.
   * @param statement its text, or what the `sql` tag made, which has its parameters in it
   * @param parameters an array for `$1, $2, …`, an object for `$name`
   */
  query<T = Row>(
    statement: string | SqlFragment,
    parameters?: Parameters,
    options: QueryOptions = NO_QUERY_OPTIONS,
  ): Query<T> {
    return new Query<T>(this.#runner, statementOf(statement, parameters, options?.idempotent), options)
  }

  /** A query whose values are bound, never spliced: ``spice.sql`SELECT * FROM t WHERE a = ${value}` ``. */
  sql<T = Row>(strings: TemplateStringsArray, ...values: unknown[]): Query<T> {
    return this.query<T>(sql(strings, ...values))
  }

  /**
   * Runs a statement that changes data. It is not repeated after a lost connection unless `idempotent`
   * says that this does no harm. Of Flight SQL servers other than Spice only the count comes back: ask
   * `query()` for the rows of `RETURNING`.
   */
  async execute(
    statement: string | SqlFragment,
    parameters?: Parameters,
    options: QueryOptions = {},
  ): Promise<ExecuteResult> {
    checkQueryOptions(options)
    const given = { idempotent: false, ...options }
    const update = { ...statementOf(statement, parameters, given.idempotent), update: true }
    const query = new Query(this.#runner, update, given)
    const rows = await query.rows()
    return { rowCount: affectedRows(rows), rows, warnings: query.warnings }
  }

  /**
   * Appends rows to a dataset, over Flight: rows, an apache-arrow Table, or either as they come. Resolves
   * once the runtime has acknowledged all of them; see `WriteError` for what a failure tells. To a Flight SQL
   * server other than Spice this is a bulk append (`CommandStatementIngest`) to a table that exists.
   */
  async write(dataset: string, source: WriteSource, options?: WriteOptions): Promise<WriteResult> {
    const flight = this.flight
    if (this.#closed !== null) throw new ClosedError('The client is closed')
    const { DatasetWriter } = await import('./write.ts')
    this.#writer ??= new DatasetWriter(flight, this.endpoint.server === 'flight-sql' ? 'flight-sql' : 'spice')
    return this.#writer.write(dataset, source, options)
  }

  /** Single Flight and Flight SQL calls on the connections queries use. */
  get flight(): FlightClient {
    const { flightClient } = this.#sources
    if (flightClient !== null) return flightClient
    throw new UnsupportedError(`This client does not use Flight: ${this.endpoint.reasons.join('; ')}`)
  }

  /** The datasets the runtime serves. */
  get datasets(): DatasetsApi {
    return new DatasetsApi(this.#requireApi())
  }

  get catalogs(): { list(options?: CallOptions): Promise<Catalog[]> } {
    const api = this.#requireApi()
    return { list: (options) => api.catalogs(options) }
  }

  /** The runtime's listeners and their state. */
  async status(options?: CallOptions): Promise<ComponentStatus[]> {
    return this.#requireApi().status(options)
  }

  /** Whether the runtime says it can serve, now. */
  async ready(options?: CallOptions): Promise<boolean> {
    return this.#requireApi().ready(options)
  }

  /**
   * Ends the client: no query starts any more; those under way have `graceMs` (default 0) to finish, then
   * end with `ClosedError`. Leaves no socket, timer or listener. Idempotent.
   */
  close(graceMs = 0): Promise<void> {
    this.#closed ??= Promise.all([
      this.#sources.flight?.close(graceMs),
      this.#sources.http?.close(graceMs),
    ]).then(() => undefined)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #requireApi(): RuntimeApi {
    if (this.#api !== null) return this.#api
    throw new UnsupportedError(
      'This client knows only a Flight address; give httpUrl as well to use the HTTP API of the runtime',
    )
  }

  #start(
    statement: Statement,
    sink: ResultSink,
    options: QueryOptions,
    reading: Reading,
    startedAt: number,
  ): Execution {
    checkQueryOptions(options)
    if (this.#closed !== null) throw new ClosedError('The client is closed')
    return this.#sourceFor(options).execute(
      statement,
      sink,
      this.#executeOptions(options, reading, startedAt),
    )
  }

  #sourceFor(options: QueryOptions): StatementSource {
    const { flight, http } = this.#sources
    if (options.transport === undefined) return (flight ?? http)!
    const source = this.#sources[options.transport]
    if (source !== null) return source
    const { reasons } = this.endpoint
    throw new OptionsError(
      `query option transport: '${options.transport}' given, but this client has no such transport: ${reasons.join('; ')}`,
    )
  }

  #executeOptions(options: QueryOptions, reading: Reading, startedAt: number): ExecuteOptions {
    const defaults = this.#options
    const timeoutMs = options.timeoutMs ?? defaults.timeoutMs
    const bounded = !reading.streaming && timeoutMs !== Infinity
    const headers =
      options.headers === undefined ? defaults.headers : { ...defaults.headers, ...options.headers }
    return {
      reading,
      deadline: bounded ? startedAt + timeoutMs : undefined,
      timeoutMs: bounded ? timeoutMs : undefined,
      signal: options.signal,
      // Arrow batches are what they are; only rows are made of JavaScript values.
      values: reading.rows ? (options.values ?? defaults.values) : undefined,
      cache: options.cache ?? defaults.cache,
      headers,
    }
  }
}
