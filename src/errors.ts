import { sqlExcerpt } from './sql-excerpt.ts'

/**
 * Every error this package throws on purpose. Recognise them by `code`, which is stable and survives
 * two copies of the package in one process, where `instanceof` does not.
 */

export type ErrorCode =
  | 'INVALID_OPTIONS'
  | 'RUNTIME_NOT_FOUND'
  | 'RUNTIME_NOT_READY'
  | 'CONNECTION_FAILED'
  | 'CONNECTION_LOST'
  | 'CLOSED'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'QUERY_FAILED'
  | 'RPC_FAILED'
  | 'HTTP_FAILED'
  | 'PROTOCOL'
  | 'LIMIT_EXCEEDED'
  | 'INVALID_PARAMETERS'
  | 'LOSSY_VALUE'
  | 'INVALID_ROW'
  | 'WRITE_FAILED'
  | 'UNSUPPORTED'

export interface ErrorDetails {
  cause?: unknown
  /**
   * True when the peer provably never began to process the request (it never left, the connection was
   * refused, the stream was refused or lies above a GOAWAY), so running it again is safe whatever it does.
   */
  unprocessed?: boolean
}

/** Base of all errors of this package. */
export class SidecarError extends Error {
  readonly code: ErrorCode
  readonly unprocessed: boolean
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.unprocessed = details.unprocessed ?? false
  }
  override get name(): string {
    return this.constructor.name
  }
}

/** An option, an environment variable or a command line that cannot be used as given. */
export class OptionsError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('INVALID_OPTIONS', message, details)
  }
}

/** No connection could be made, or one was lost while a request was under way. */
export class ConnectionError extends SidecarError {
  constructor(code: 'CONNECTION_FAILED' | 'CONNECTION_LOST', message: string, details?: ErrorDetails) {
    super(code, message, details)
  }
}

/** The client, the connection or the query was closed before this was asked of it. */
export class ClosedError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('CLOSED', message, { unprocessed: true, ...details })
  }
}

/** A deadline passed. `timeoutMs` is the time that was allowed. */
export class TimeoutError extends SidecarError {
  readonly timeoutMs: number
  constructor(message: string, timeoutMs: number, details?: ErrorDetails) {
    super('TIMEOUT', message, details)
    this.timeoutMs = timeoutMs
  }
}

/** The caller's signal fired or `cancel()` was called; `cause` is the signal's reason. */
export class AbortError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('ABORTED', message, details)
  }
  override get name(): string {
    return 'AbortError'
  }
}

/** The peer's bytes break a protocol: HTTP/2, HPACK, gRPC, protobuf, Arrow IPC or JSON. */
export class ProtocolError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('PROTOCOL', message, details)
  }
}

/** A message, header block or buffer is larger than the limit set for it. */
export class LimitError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('LIMIT_EXCEEDED', message, details)
  }
}

/** A value the chosen representation (`values` options, a JSON number, …) cannot hold without loss. */
export class LossyValueError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('LOSSY_VALUE', message, details)
  }
}

/** Parameters that cannot be bound: wrong count, a name that is missing, a type that cannot be sent. */
export class ParameterError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('INVALID_PARAMETERS', message, details)
  }
}

/** Something the peer, the transport or the data type does not support; the message says what to do instead. */
export class UnsupportedError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('UNSUPPORTED', message, details)
  }
}

/** No key, or one the runtime does not know. The message says where to put the key. */
export class AuthenticationError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('UNAUTHENTICATED', message, details)
  }
}

/** The key is known but does not allow this: a write with a read-only key, a management call. */
export class PermissionError extends SidecarError {
  constructor(message: string, details?: ErrorDetails) {
    super('PERMISSION_DENIED', message, details)
  }
}

export interface QueryFailure extends ErrorDetails {
  /** The runtime's own words. */
  serverMessage: string
  sql: string
  /** How the runtime classed it: `HTTP 400`, `INVALID_ARGUMENT`. */
  status: string
  /** True when the runtime marked the failure as passing (`spiceai-retryable`, a busy or loading dataset). */
  transient?: boolean
  /** `spice-trace-id` of the failed request, for the runtime's own logs. */
  traceId?: string
}

/** The runtime received a statement and refused or failed it: SQL that does not parse, an unknown table, … */
export class QueryError extends SidecarError {
  readonly serverMessage: string
  readonly sql: string
  readonly status: string
  readonly transient: boolean
  readonly traceId: string | undefined
  constructor(failure: QueryFailure) {
    super(
      'QUERY_FAILED',
      `${failure.serverMessage.trim() || 'The runtime gave no reason'} (${failure.status})\n  in: ${sqlExcerpt(failure.sql)}`,
      failure,
    )
    this.serverMessage = failure.serverMessage
    this.sql = failure.sql
    this.status = failure.status
    this.transient = failure.transient ?? false
    this.traceId = failure.traceId
  }
}

/** An HTTP status that stands for none of the other errors. `body` is the start of what came with it. */
export class HttpError extends SidecarError {
  readonly status: number
  readonly body: string
  constructor(message: string, status: number, body: string, details?: ErrorDetails) {
    super('HTTP_FAILED', message, details)
    this.status = status
    this.body = body
  }
}

/** What one place that was asked for a runtime answered. */
export interface CandidateReport {
  /** `http://127.0.0.1:8090`, `grpc://127.0.0.1:50051`. */
  url: string
  /** Why it was tried: `option httpUrl`, `environment SPICE_HTTP_URL`, `well-known port`. */
  from: string
  /** What came back, in words: `connection refused`, `answers, but is no Spice runtime (…)`. */
  outcome: string
}

/** No Spice runtime where the options, the environment and the well-known ports say one could be. */
export class DiscoveryError extends SidecarError {
  readonly candidates: readonly CandidateReport[]
  constructor(message: string, candidates: readonly CandidateReport[], details?: ErrorDetails) {
    super('RUNTIME_NOT_FOUND', message, details)
    this.candidates = candidates
  }
}

/** A runtime was found and answers, but did not become ready within `readyTimeoutMs`. */
export class NotReadyError extends SidecarError {
  readonly url: string
  /** What it answered last. */
  readonly lastAnswer: string
  constructor(message: string, url: string, lastAnswer: string, details?: ErrorDetails) {
    super('RUNTIME_NOT_READY', message, details)
    this.url = url
    this.lastAnswer = lastAnswer
  }
}

/**
 * A row that does not fit: the dataset's schema when it is to be written, the schema given to `.as()`
 * when it was read.
 */
export class RowValidationError extends SidecarError {
  /** Index of the row, from 0, over the whole result or everything given to be written. */
  readonly row: number
  /** Path of the value: `price`, `tags[2]`, `address.street`; empty for the row as a whole. */
  readonly column: string
  readonly value: unknown
  /** What is wrong with the value, as the end of a sentence that begins with it. */
  readonly problem: string
  constructor(
    place: { row: number; column: string; value: unknown },
    problem: string,
    shown: string,
    details?: ErrorDetails,
  ) {
    const column = place.column === '' ? '' : `, column ${place.column}`
    super('INVALID_ROW', `Row ${place.row}${column}: ${shown} ${problem}.`, details)
    this.row = place.row
    this.column = place.column
    this.value = place.value
    this.problem = problem
  }
}

/** Rows could not be written, or not all of them. `code` is that of the cause where it says more than WRITE_FAILED. */
export class WriteError extends SidecarError {
  readonly dataset: string
  /**
   * Rows the runtime has confirmed, from the first on: what was given beyond them may be written again. An
   * older runtime confirms each batch, a newer one all rows at once at the end and none before. So does any
   * other Flight SQL server, which may have kept rows all the same when a write fails.
   */
  readonly acknowledgedRows: number
  constructor(dataset: string, acknowledgedRows: number, reason: string, cause?: unknown) {
    const code = cause instanceof SidecarError && cause.code !== 'RPC_FAILED' ? cause.code : 'WRITE_FAILED'
    const position = acknowledgedRows === 0 ? 'no row is' : `${acknowledgedRows} rows are`
    super(code, `Writing to ${dataset} failed, ${position} acknowledged: ${reason}`, { cause })
    this.dataset = dataset
    this.acknowledgedRows = acknowledgedRows
  }
}
