import { type EncodedParameters, encodeParameters } from '../arrow/parameters.ts'
import { parametersKey } from '../arrow/parameters-key.ts'
import type { ExecuteOptions, ResultSink, Statement } from '../client/result.ts'
import type { SidecarError } from '../errors.ts'
import { isReadOnly } from '../sql/classify.ts'
import { arrangeParameters } from '../sql/placeholders.ts'
import { BoundedMap } from './bounded-map.ts'
import { ticketRequest } from './commands.ts'
import type { FailureMap } from './direct-execution.ts'
import { CommandPreparedStatementQuery, CommandStatementQuery } from './messages.generated.ts'
import { bindParameters, createPreparedStatement, isStaleHandle } from './prepared-statements.ts'
import type { FlightSession } from './session.ts'
import { SteppedExecution } from './stepped-execution.ts'

/** Requests longer than this are made anew each time rather than kept. */
const MAX_CACHED_BYTES = 16 * 1024
const MAX_STATEMENTS = 512
const MAX_BOUND = 1024

/**
 * What is kept of statements sent to a Spice runtime, whose handles carry the statement and its parameters
 * themselves: requests ready to send. Nothing is kept at the runtime, so nothing is ever closed.
 */
export class SpiceStatements {
  private readonly plain = new BoundedMap<Uint8Array>(MAX_STATEMENTS)
  private readonly handles = new BoundedMap<Uint8Array>(MAX_STATEMENTS)
  private readonly bound = new BoundedMap<Uint8Array>(MAX_BOUND)

  /** The DoGet request of a statement without parameters. */
  request(sql: string): Uint8Array {
    let request = this.plain.get(sql)
    if (request === undefined) {
      request = ticketRequest(CommandStatementQuery, { query: sql })
      if (request.length <= MAX_CACHED_BYTES) this.plain.set(sql, request)
    }
    return request
  }

  /** The DoGet request of a statement whose parameters were bound before. */
  boundRequest(key: string): Uint8Array | undefined {
    return this.bound.get(key)
  }

  keepBound(key: string | null, request: Uint8Array): void {
    if (key !== null && request.length <= MAX_CACHED_BYTES) this.bound.set(key, request)
  }

  forgetBound(key: string | null): void {
    if (key !== null) this.bound.delete(key)
  }

  handle(sql: string): Uint8Array | undefined {
    return this.handles.get(sql)
  }

  keepHandle(sql: string, handle: Uint8Array): void {
    if (sql.length + handle.length <= 4 * MAX_CACHED_BYTES) this.handles.set(sql, handle)
  }

  forgetHandle(sql: string): void {
    this.handles.delete(sql)
  }
}

/** A key for a statement with these parameters; null when they cannot be told apart by a short text. */
function boundKey(statement: Statement): string | null {
  const key = parametersKey(statement.parameters!)
  return key === null ? null : `${statement.sql}\0${key}`
}

/**
 * A statement with parameters on a Spice runtime: prepare (once per text), bind, get; one call when the
 * same values were bound before.
 */
export class SpiceParameterExecution extends SteppedExecution {
  private readonly statements: SpiceStatements
  private readonly key: string | null
  /** Whether what was refused came from a cache, so that it may be stale. */
  private fromCache = false

  constructor(
    statements: SpiceStatements,
    session: FlightSession,
    statement: Statement,
    sink: ResultSink,
    options: ExecuteOptions,
    mapFailure: FailureMap,
  ) {
    super(session, statement, sink, options, mapFailure)
    this.statements = statements
    this.key = boundKey(statement)
  }

  protected async run(): Promise<void> {
    const bound = this.key === null ? undefined : this.statements.boundRequest(this.key)
    if (bound !== undefined) {
      this.fromCache = true
      this.streamTicket(bound)
      return
    }
    this.fromCache = false
    const { sql } = this.statement
    const parameters = encodeParameters(arrangeParameters(sql, this.statement.parameters!))
    const handle = await this.bind(sql, parameters)
    const request = ticketRequest(CommandPreparedStatementQuery, { preparedStatementHandle: handle })
    this.statements.keepBound(this.key, request)
    this.streamTicket(request)
  }

  /** A refused handle that came from a cache is made anew, once, if the statement only reads. */
  protected override recovers(error: SidecarError): boolean {
    if (!isStaleHandle(error)) return false
    this.statements.forgetBound(this.key)
    this.statements.forgetHandle(this.statement.sql)
    const { idempotent, sql } = this.statement
    if (!this.fromCache || !(idempotent ?? isReadOnly(sql))) return false
    this.begin()
    return true
  }

  private async bind(sql: string, parameters: EncodedParameters): Promise<Uint8Array> {
    const known = this.statements.handle(sql)
    if (known !== undefined) {
      try {
        return await bindParameters(this.session, known, parameters, this.step())
      } catch (error) {
        if (!isStaleHandle(error)) throw error
        // Binding runs nothing, so a stale handle may be replaced whatever the statement does.
        this.statements.forgetHandle(sql)
      }
    }
    const handle = await createPreparedStatement(this.session, sql, this.step())
    this.statements.keepHandle(sql, handle)
    return bindParameters(this.session, handle, parameters, this.step())
  }
}
