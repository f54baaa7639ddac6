import type { SidecarError } from '../errors.ts'

/**
 * The seam between Flight and the wire: gRPC calls on some HTTP/2 implementation. Two implementations
 * fill it, `native/` (our own, the default) and `grpc-js/` (the reference). Messages are whole protobuf
 * messages without the five-byte gRPC prefix. All callbacks run on the event loop, never re-entrantly
 * from within `start`.
 */
export interface Transport {
  readonly kind: 'native' | 'grpc-js'
  readonly stats: TransportStats
  /**
   * Starts one call. With `request` given it is the only request message and the sending side is closed
   * with it (unary and server-streaming); with `null`, use `Call.write` and `Call.end`.
   * Never throws: every failure arrives in `handler.onEnd`.
   * @param path the gRPC path, such as `/arrow.flight.protocol.FlightService/DoGet`
   */
  start(path: string, request: Uint8Array | null, handler: CallHandler, options?: CallOptions): Call
  /** Opens a connection if none is open. Rejects with `ConnectionError`, `TimeoutError` or `AbortError`. */
  connect(options?: { signal?: AbortSignal; deadline?: number }): Promise<void>
  /**
   * Stops taking calls (they end with `ClosedError`), waits at most `graceMs` (default 0: none) for those
   * under way, then ends them with `ClosedError` and closes every socket and timer. Idempotent.
   */
  close(graceMs?: number): Promise<void>
}

/** Counters that only grow; tests assert round trips with them. */
export interface TransportStats {
  /** Calls sent to the peer. */
  calls: number
  /** Connections opened successfully. */
  connections: number
  bytesReceived: number
  bytesSent: number
}

/** What a caller gives a call. Exactly one `onEnd` ends every call; nothing is called after it. */
export interface CallHandler {
  /** Initial metadata, at most once, before the first message. Absent for a trailers-only response. */
  onHeaders?(metadata: Metadata): void
  /**
   * One response message. The bytes are the handler's to keep; the transport never writes to them again.
   * Not called while paused, though a message already under delivery may still arrive.
   */
  onMessage(message: Uint8Array): void
  /**
   * The end: `null` after gRPC status OK, otherwise why it failed. `RpcError` for a status the peer sent.
   * `trailers` is empty when the call ended without any.
   */
  onEnd(error: SidecarError | null, trailers: Metadata): void
  /** The send buffer has room again, after `Call.write` returned false. */
  onDrain?(): void
}

export type AlignAt = (bytes: Uint8Array, start: number, end: number, length: number) => number

export interface CallOptions {
  /** Request metadata. Names lower-case; names ending in `-bin` take bytes, others printable ASCII. */
  metadata?: MetadataEntries
  /** Absolute deadline in `performance.now()` milliseconds; sent as `grpc-timeout` and enforced here. */
  deadline?: number
  signal?: AbortSignal
  /** Largest response message accepted, in bytes; beyond it the call ends with `LimitError`. */
  maxMessageBytes?: number
  /**
   * Asked once for each response message, with its first bytes, `bytes[start, end)` (at least the first
   * `min(length, 16)`, usually more), and its length: the offset that has to lie on a 64-byte boundary in
   * memory, so that typed arrays can be laid over the message without copying it. -1 when it does not matter.
   */
  alignAt?: AlignAt
}

export interface Call {
  /** Queues one request message. False when the caller should wait for `onDrain` before writing more. */
  write(message: Uint8Array): boolean
  /** Closes the sending side. */
  end(): void
  /** Ends the call with `reason` and resets the stream. No effect on an ended call. */
  cancel(reason: SidecarError): void
  /** Stops delivering messages and granting window: real backpressure to the peer. */
  pause(): void
  resume(): void
}

export type MetadataEntries = ReadonlyArray<readonly [name: string, value: string | Uint8Array]>

/** Response metadata. Values of `-bin` names are decoded bytes. */
export interface Metadata {
  /** The first value of a text name; undefined when absent. */
  get(name: string): string | undefined
  getBinary(name: string): Uint8Array | undefined
  entries(): MetadataEntries
}

/** Where a Flight server listens. */
export interface FlightAddress {
  secure: boolean
  /** Host name or literal address without brackets; for a Unix socket, its path. */
  host: string
  /** -1 for a Unix socket. */
  port: number
}

/** TLS material; the shapes `node:tls` takes. */
export interface TlsOptions {
  ca?: string | Uint8Array | Array<string | Uint8Array>
  cert?: string | Uint8Array
  key?: string | Uint8Array
  passphrase?: string
  servername?: string
  /** Default true. False accepts any certificate and exists for tests on loopback only. */
  rejectUnauthorized?: boolean
}

export interface TransportOptions {
  address: FlightAddress
  tls?: TlsOptions
  /** Sent as `user-agent`. */
  userAgent?: string
  /** Connections to spread calls over. Default: 1, more as load asks for it. */
  connections?: number
  /** Milliseconds for one connection to be established. Default 5000. */
  connectTimeoutMs?: number
  /** Milliseconds of silence after which a PING verifies a connection: while it is used and before it is used again. Default 10000. */
  pingAfterIdleMs?: number
  /** Milliseconds a PING may stay unanswered before the connection counts as lost; 5000 at most before reuse. Default 20000. */
  pingTimeoutMs?: number
  /** Bytes one response stream may have in flight: its HTTP/2 receive window. Default 16 MiB. */
  streamWindowBytes?: number
  /**
   * Milliseconds after a request in which the event loop asks the socket for its answer instead of sleeping
   * until it comes. Default 0. `native` only.
   */
  busyPollMs?: number
  /** Default of `CallOptions.maxMessageBytes`. Default 256 MiB. */
  maxMessageBytes?: number
}
