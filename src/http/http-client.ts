import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import { bracketed, formatHttpAddress, type HttpAddress } from '../address.ts'
import { ClosedError, type SidecarError } from '../errors.ts'
import type { TlsOptions } from '../transport/transport.ts'
import { connectionFailure } from './connection-errors.ts'
import { HttpExchange } from './http-exchange.ts'

export interface HttpClientOptions {
  address: HttpAddress
  apiKey?: string
  tls?: TlsOptions
  userAgent: string
  connections: number
  connectTimeoutMs: number
  maxResponseBytes: number
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH'
  /** Path and query below the address's base path. */
  path: string
  body?: string
  /** Flat list of names and values, besides the client's own. */
  headers?: readonly string[]
  /** Absolute, in `performance.now()` milliseconds. */
  deadline?: number
  /** The time the deadline was made from, for the message. */
  timeoutMs?: number
  signal?: AbortSignal
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** Exactly one of `error` and `response` is given. */
export type HttpDone = (error: SidecarError | null, response: HttpResponse | null) => void

/** How long an idle connection is kept, unless the server asks for less. */
const KEEP_ALIVE_MS = 60_000

/**
 * Requests to one runtime over kept-alive connections. undici is loaded by the first request. Redirects
 * are never followed: an API key goes to the address the user named and nowhere else.
 */
export class HttpClient {
  readonly origin: string
  readonly maxResponseBytes: number
  readonly #options: HttpClientOptions
  readonly #headers: readonly string[]
  readonly #exchanges = new Set<HttpExchange>()
  #pool: Pool | undefined
  #loading: Promise<Pool> | undefined
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.origin = formatHttpAddress(options.address)
    this.maxResponseBytes = options.maxResponseBytes
    const { host, port } = options.address
    this.#headers = [
      ...['host', `${bracketed(host)}:${port}`],
      ...['user-agent', options.userAgent],
      ...(options.apiKey === undefined ? [] : ['x-api-key', options.apiKey]),
    ]
  }

  /** Starts a request; `done` is called once, never from within this call. */
  send(request: HttpRequest, done: HttpDone): HttpExchange {
    const exchange = new HttpExchange(this, request, done)
    if (this.#closed) {
      queueMicrotask(() => exchange.cancel(new ClosedError('The client is closed')))
      return exchange
    }
    this.#exchanges.add(exchange)
    if (this.#pool !== undefined) this.#dispatch(this.#pool, request, exchange)
    else {
      this.load().then(
        (pool) => this.#dispatch(pool, request, exchange),
        (error) => exchange.cancel(connectionFailure(error, this.origin, false)),
      )
    }
    return exchange
  }

  /** `send` as a promise. Rejects with the error that ended the request; any status resolves. */
  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      this.send(request, (error, response) => (error === null ? resolve(response!) : reject(error)))
    })
  }

  /** Loads undici and makes the pool, without connecting. */
  load(): Promise<Pool> {
    this.#loading ??= import('undici').then(({ Pool }) => {
      const { address, tls, connections, connectTimeoutMs } = this.#options
      this.#pool = new Pool(
        `${address.secure ? 'https' : 'http'}://${bracketed(address.host)}:${address.port}`,
        {
          connections,
          pipelining: 1,
          connect: { timeout: connectTimeoutMs, ...(address.secure ? (tls as object) : undefined) },
          keepAliveTimeout: KEEP_ALIVE_MS,
          // Deadlines are this package's own, one per request, over everything from queueing to last byte.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
      )
      return this.#pool
    })
    return this.#loading
  }

  forget(exchange: HttpExchange): void {
    this.#exchanges.delete(exchange)
  }

  /** Lets requests under way finish for `graceMs`, then ends them with `ClosedError`. Idempotent. */
  async close(graceMs = 0): Promise<void> {
    this.#closed = true
    if (this.#exchanges.size > 0 && graceMs > 0) await this.#drained(graceMs)
    for (const exchange of this.#exchanges)
      exchange.cancel(new ClosedError('The client was closed', { unprocessed: false }))
    if (this.#loading === undefined) return
    const pool = await this.#loading.catch(() => undefined)
    await pool?.destroy()
  }

  #dispatch(pool: Pool, request: HttpRequest, exchange: HttpExchange): void {
    if (exchange.ended) return
    const options: Dispatcher.DispatchOptions = {
      method: request.method,
      path: this.#options.address.basePath + request.path,
      headers:
        request.headers === undefined ? (this.#headers as string[]) : this.#headers.concat(request.headers),
      body: request.body,
    }
    try {
      pool.dispatch(options, exchange)
    } catch (error) {
      exchange.cancel(connectionFailure(error, this.origin, false))
    }
  }

  async #drained(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs
    while (this.#exchanges.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
