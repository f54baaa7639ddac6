import type { ValueOptions } from './arrow/values-options.ts'
import {
  anything,
  boolean,
  count,
  type Fields,
  milliseconds,
  oneOf,
  record,
  shape,
  text,
} from './option-checks.ts'
import type { TlsOptions } from './transport/transport.ts'

/** What `connect()` takes. Every option is optional; `DEFAULTS` below has the values used otherwise. */
export interface ConnectOptions {
  /** The runtime's HTTP API: `http://host:port`. Environment: `SPICE_HTTP_URL`. */
  httpUrl?: string | URL
  /** Arrow Flight: `grpc://host:port`, `grpc+tls://host:port`, `unix:/path`. Environment: `SPICE_FLIGHT_URL`. */
  flightUrl?: string | URL
  /** Sent as `X-API-Key` (HTTP) and bearer token (Flight). Environment: `SPICE_API_KEY`. */
  apiKey?: string
  /** What carries queries. Default `auto`: Flight where its address is known, otherwise HTTP. */
  transport?: 'auto' | 'flight' | 'http'
  /** What answers on Flight. Default `auto`: found out. `flight-sql` keeps to the Flight SQL standard. */
  server?: 'auto' | 'spice' | 'flight-sql'
  flight?: FlightOptions
  http?: HttpOptions
  /** Milliseconds a runtime that answers may take to become ready. Default 30000; 0: take it as it is. */
  readyTimeoutMs?: number
  /** Milliseconds to keep looking while nothing answers, for a runtime that starts beside the application. Default 0. */
  startTimeoutMs?: number
  /** Milliseconds one probe may take. Default 2000. */
  probeTimeoutMs?: number
  /**
   * Milliseconds one query may take. Default 60000; `Infinity`: no limit. For `rows()`, `first()`,
   * `table()` the whole result; for iteration and `batches()`, where the consumer's pace counts, the
   * longest wait for the next batch.
   */
  timeoutMs?: number
  /** Further attempts after a failure that is safe to repeat. Default 3; 0: none. */
  retries?: number
  /** Gives up connecting. Does not end queries. */
  signal?: AbortSignal
  /** Use HTTP when Flight cannot be connected while connecting. Default true. */
  fallback?: boolean
  tls?: TlsOptions
  values?: ValueOptions
  /** Send `apiKey` and headers that carry credentials in clear text to another host. Default false. */
  allowInsecure?: boolean
  /** Sent with every query, as HTTP headers, and with every Flight call, as metadata. Names in lower case. */
  headers?: Readonly<Record<string, string>>
  /** `Cache-Control` of every query, such as `no-cache`. Default: none sent. */
  cache?: string
  /** Prefix of the user agent. */
  userAgent?: string
  /** Read instead of `process.env`; `{}` reads nothing. */
  env?: Readonly<Record<string, string | undefined>>
}

export interface FlightOptions {
  /** Default `native`, this package's own HTTP/2; `grpc-js` is the reference. */
  transport?: 'native' | 'grpc-js'
  /**
   * For Flight SQL servers that want a name and a password: exchanged for a token by a handshake, again when
   * the token runs out. Not together with `apiKey`.
   */
  login?: { username: string; password: string }
  /** Connections to spread calls over. Default: chosen by load. */
  connections?: number
  /** Milliseconds to establish a connection. Default 5000. */
  connectTimeoutMs?: number
  /** Milliseconds of silence after which a PING verifies a connection: while it is used and before it is used again. Default 10000. */
  pingAfterIdleMs?: number
  /** Milliseconds a PING may stay unanswered before the connection counts as lost; 5000 at most before reuse. Default 20000. */
  pingTimeoutMs?: number
  /** HTTP/2 receive window of one response. Default 16 MiB. */
  streamWindowBytes?: number
  /** Largest response message accepted. Default 256 MiB. */
  maxMessageBytes?: number
  /**
   * Milliseconds after a request in which the event loop polls for its answer instead of sleeping until it
   * comes: for those who would rather spend a processor than a fraction of a millisecond. Set it a little
   * above the time the fast queries take, such as 0.2; it should have a processor to itself. Default 0, at
   * most 100. Not with `grpc-js`.
   */
  busyPollMs?: number
}

export interface HttpOptions {
  /** Connections at most. Default 16. */
  connections?: number
  /** Milliseconds to establish a connection. Default 5000. */
  connectTimeoutMs?: number
  /**
   * Bytes kept of one response: all of it where the result is awaited whole, otherwise what has come and
   * could not be read yet, such as one long row. Default 1 GiB.
   */
  maxResponseBytes?: number
}

export const DEFAULTS = {
  transport: 'auto',
  server: 'auto',
  readyTimeoutMs: 30_000,
  startTimeoutMs: 0,
  probeTimeoutMs: 2_000,
  timeoutMs: 60_000,
  retries: 3,
  fallback: true,
  allowInsecure: false,
  flight: { transport: 'native' },
  http: { connections: 16, connectTimeoutMs: 5_000, maxResponseBytes: 1024 * 1024 * 1024 },
} as const

// A table by hand instead of a zod schema: it can name the option, what was given and what is allowed in
// one line, suggests the key that was meant, and costs the import nothing.
/** What each option of `connect()` may be. */
export const CONNECT_FIELDS: Fields = {
  httpUrl: text('a URL', true),
  flightUrl: text('a URL', true),
  apiKey: text('a non-empty string'),
  transport: oneOf('auto', 'flight', 'http'),
  server: oneOf('auto', 'spice', 'flight-sql'),
  flight: shape({
    transport: oneOf('native', 'grpc-js'),
    login: {
      allowed: '{ username, password }',
      accepts: (value) => {
        const { username, password } = (value ?? {}) as { username?: unknown; password?: unknown }
        return typeof username === 'string' && typeof password === 'string'
      },
    },
    connections: count(1, 1024),
    connectTimeoutMs: milliseconds(1),
    pingAfterIdleMs: milliseconds(1),
    pingTimeoutMs: milliseconds(1),
    streamWindowBytes: count(65_535, 2 ** 31 - 1),
    busyPollMs: milliseconds(0, 100),
    maxMessageBytes: count(1, 2 ** 31 - 1),
  }),
  http: shape({
    connections: count(1, 1024),
    connectTimeoutMs: milliseconds(1),
    maxResponseBytes: count(1, 2 ** 31 - 1),
  }),
  readyTimeoutMs: milliseconds(0),
  startTimeoutMs: milliseconds(0),
  probeTimeoutMs: milliseconds(1),
  timeoutMs: milliseconds(1, Infinity),
  retries: count(0, 100),
  signal: { allowed: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal },
  fallback: boolean,
  tls: shape({
    ca: anything,
    cert: anything,
    key: anything,
    passphrase: text('a string'),
    servername: text('a string'),
    rejectUnauthorized: boolean,
  }),
  values: shape({
    int64: oneOf('bigint', 'number', 'string'),
    decimal: oneOf('string', 'number'),
    timestamp: oneOf('timestamp', 'bigint', 'string', 'date'),
  }),
  allowInsecure: boolean,
  headers: record,
  cache: text('a string'),
  userAgent: text('a string'),
  env: { allowed: 'an object', accepts: (value) => typeof value === 'object' },
}

/** Options of one query, checked where they are given. */
export const QUERY_FIELDS: Fields = {
  signal: CONNECT_FIELDS.signal,
  timeoutMs: CONNECT_FIELDS.timeoutMs,
  transport: oneOf('flight', 'http'),
  cache: CONNECT_FIELDS.cache,
  headers: CONNECT_FIELDS.headers,
  idempotent: boolean,
  values: CONNECT_FIELDS.values,
}
