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
