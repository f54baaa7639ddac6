import type { ExecuteOptions, Execution, ResultSink, Statement, StatementSource } from '../client/result.ts'
import { AuthenticationError, type SidecarError } from '../errors.ts'
import { hasParameters } from '../sql/has-parameters.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../transport/defaults.ts'
import { RpcError } from '../transport/rpc-error.ts'
import type { TransportStats } from '../transport/transport.ts'
import { awaitUntil } from './await-until.ts'
import { DirectExecution, type FailureMap } from './direct-execution.ts'
import { FlightClient } from './flight-client.ts'
import { queryFailure } from './query-failure.ts'
import { detectServerKind, type ServerKind } from './server-kind.ts'
import { type FlightOptions, FlightSession } from './session.ts'
import { SpiceParameterExecution, SpiceStatements } from './spice-statements.ts'
import { StandardExecution } from './standard-execution.ts'
import { StatementHandles } from './statement-handles.ts'
import { WaitingExecution } from './waiting-execution.ts'

export interface FlightSourceOptions extends FlightOptions {
  /** What answers. Default `auto`: the server is asked for its name before the first statement. */
  server?: 'auto' | ServerKind
}

/** Statements over Arrow Flight. */
export interface FlightSource extends StatementSource {
  readonly transport: 'flight'
  /** Single Flight calls on the same connections. */
  readonly client: FlightClient
  readonly stats: TransportStats
  /** What the server was found to be; null while nobody asked. */
  readonly server: ServerKind | null
  /** Connects and finds out what answers. Rejects with what the first statement would fail with. */
  connect(options?: { signal?: AbortSignal; deadline?: number }): Promise<ServerKind>
}

/** Throws `OptionsError`. Nothing connects before the first statement or `connect()`. */
export function createFlightSource(options: FlightSourceOptions): FlightSource {
  return new FlightStatementSource(options)
}

/** Milliseconds getting to know a server may take beyond connecting. */
const PREPARE_TIMEOUT_MS = 10_000

class FlightStatementSource implements FlightSource {
  readonly transport = 'flight'
  readonly client: FlightClient
  private readonly session: FlightSession
  private readonly isDetected: boolean
  private readonly spice = new SpiceStatements()
  private readonly handles: StatementHandles
  private kind: ServerKind | null
  private preparing: Promise<void> | null = null
  private closing: Promise<void> | null = null

  constructor(options: FlightSourceOptions) {
    const { server = 'auto' } = options
    this.session = new FlightSession(options)
    this.client = new FlightClient(this.session)
    this.handles = new StatementHandles(this.session)
    this.isDetected = server === 'auto'
    this.kind = server === 'auto' ? null : server
  }

  get stats(): TransportStats {
    return this.session.transport.stats
  }

  get server(): ServerKind | null {
    return this.kind
  }

  execute(statement: Statement, sink: ResultSink, options: ExecuteOptions): Execution {
    const { session } = this
    if (this.kind === null || session.needsLogin) {
      return new WaitingExecution(this.prepare(), () => this.execute(statement, sink, options), sink, options)
    }
    if (this.kind === 'flight-sql') {
      return this.begun(
        new StandardExecution(this.handles, session, statement, sink, options, this.mapFailure),
      )
    }
    if (hasParameters(statement)) {
      return this.begun(
        new SpiceParameterExecution(this.spice, session, statement, sink, options, this.mapFailure),
      )
    }
    const { sql } = statement
    const metadata = session.metadata(options.cache, options.headers)
    const request = this.spice.request(sql)
    return new DirectExecution(session.transport, request, sql, sink, options, metadata, this.mapFailure)
  }

  async connect(options: { signal?: AbortSignal; deadline?: number } = {}): Promise<ServerKind> {
    await this.session.transport.connect(options)
    if (this.kind === null || this.session.needsLogin) {
      await awaitUntil(this.prepare(), 'Finding out what the Flight server is', options)
    }
    return this.kind!
  }

  close(graceMs = 0): Promise<void> {
    const end = performance.now() + graceMs
    this.closing ??= this.handles
      .close(graceMs)
      .then(() => this.session.close(Math.max(0, end - performance.now())))
    return this.closing
  }

  private begun(execution: StandardExecution | SpiceParameterExecution): Execution {
    execution.begin()
    return execution
  }

  /** Logs in and finds out what answers, once for all who wait; the next one tries again after a failure. */
  private prepare(): Promise<void> {
    this.preparing ??= this.prepareOnce().finally(() => {
      this.preparing = null
    })
    return this.preparing
  }

  private async prepareOnce(): Promise<void> {
    const { session } = this
    const deadline =
      performance.now() +
      (session.options.connection?.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS) +
      PREPARE_TIMEOUT_MS
    if (session.needsLogin) await session.login()
    if (this.kind !== null) return
    try {
      this.kind = await detectServerKind(session, { metadata: session.metadata(), deadline })
    } catch (error) {
      throw this.mapFailure(error as SidecarError, 'GetSqlInfo', undefined)
    }
  }

  private readonly mapFailure: FailureMap = (error, sql, traceId) => {
    if (!(error instanceof RpcError)) return error
    // Another server may have taken the place of the one that was recognised.
    if (error.status === 'UNIMPLEMENTED' && this.isDetected) this.kind = null
    const failure = queryFailure(error, sql, traceId)
    if (failure instanceof AuthenticationError && this.session.forgetLogin()) {
      // The token ran out; the statement was not run and may be sent again after another login.
      return new AuthenticationError(failure.message, { cause: error, unprocessed: true })
    }
    return failure
  }
}
