import type { IncomingHttpHeaders } from 'node:http'
import { bracketed, formatHttpAddress, type HttpAddress } from '../address.ts'
import { ClosedError } from '../errors.ts'
import { DeadlineTimer } from '../transport/native/deadline-timer.ts'
import type { TlsOptions } from '../transport/transport.ts'
import { connectionFailure } from './connection-errors.ts'
import { type HttpConnection, HttpConnections } from './http-connections.ts'
import { type ExchangeOwner, HttpExchange, type HttpReceiver, type HttpRequest } from './http-exchange.ts'
import { WholeResponse } from './whole-response.ts'

export interface HttpClientOptions {
  address: HttpAddress
  apiKey?: string
  tls?: TlsOptions
  userAgent: string
  connections: number
  connectTimeoutMs: number
  maxResponseBytes: number
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** How long an idle connection is kept, unless the server asks for less. */
const KEEP_ALIVE_MS = 60_000

/**
 * Requests to one runtime over kept-alive connections. undici is loaded by the first request. Redirects
 * are never followed: an API key goes to the address the user named and nowhere else.
 */
export class HttpClient implements ExchangeOwner {
  readonly origin: string
  readonly maxResponseBytes: number
  readonly #options: HttpClientOptions
  readonly #headers: readonly string[]
  readonly #exchanges = new Set<HttpExchange>()
  readonly #deadlines = new DeadlineTimer(this.#exchanges)
  #connections: HttpConnections<HttpExchange> | undefined
  #loading: Promise<HttpConnections<HttpExchange>> | undefined
  #closed = false
  /** The last list of headers besides the client's own, and both together: most requests have the same. */
  #joined: { own: readonly string[] | undefined; all: string[] }

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.origin = formatHttpAddress(options.address)
    this.maxResponseBytes = options.maxResponseBytes
    this.#headers = [
      ...['user-agent', options.userAgent],
      ...(options.apiKey === undefined ? [] : ['x-api-key', options.apiKey]),
    ]
    this.#joined = { own: undefined, all: [...this.#headers] }
  }

  /** Starts a request; `receiver` is told of its response, never from within this call. */
  send(request: HttpRequest, receiver: HttpReceiver): HttpExchange {
    const exchange = new HttpExchange(this, request, receiver)
    if (this.#closed) {
      queueMicrotask(() => exchange.cancel(new ClosedError('The client is closed')))
      return exchange
    }
    if (request.signal?.aborted) {
      queueMicrotask(() => exchange.abort(request.signal!.reason))
      return exchange
    }
    this.#exchanges.add(exchange)
    if (request.deadline !== undefined) this.#deadlines.watch(request.deadline, performance.now())
    if (this.#connections !== undefined) this.#connections.request(exchange)
    else {
      this.#load().then(
        (connections) => {
          if (!exchange.ended) connections.request(exchange)
        },
        (error) => exchange.cancel(connectionFailure(error, this.origin, false)),
      )
    }
    return exchange
  }

  /** A request and its whole response. Rejects with the error that ended it; any status resolves. */
  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const whole = new WholeResponse(this.maxResponseBytes, resolve, reject)
      whole.exchange = this.send(request, whole)
    })
  }

  /** Loads undici, without connecting. */
  #load(): Promise<HttpConnections<HttpExchange>> {
    this.#loading ??= import('undici').then(({ buildConnector, Client }) => {
      const { address, tls, connections, connectTimeoutMs } = this.#options
      const { secure, host, port } = address
      const url = `${secure ? 'https' : 'http'}://${bracketed(host)}:${port}`
      const options = {
        // One for all of them, so that they share TLS sessions.
        connect: buildConnector({ timeout: connectTimeoutMs, ...(secure ? (tls as object) : undefined) }),
        pipelining: 1,
        keepAliveTimeout: KEEP_ALIVE_MS,
        // Deadlines are this package's own, one per request, over everything from queueing to last byte.
        headersTimeout: 0,
        bodyTimeout: 0,
      }
      this.#connections = new HttpConnections(
        () => new Client(url, options),
        connections,
        (exchange, connection) => this.#start(exchange, connection),
      )
      return this.#connections
    })
    return this.#loading
  }

  forget(exchange: HttpExchange): void {
    this.#exchanges.delete(exchange)
    this.#connections?.forget(exchange)
  }

  release(connection: HttpConnection, broken: boolean): void {
    this.#connections!.release(connection, broken)
  }

  /** Lets requests under way finish for `graceMs`, then ends them with `ClosedError`. Idempotent. */
  async close(graceMs = 0): Promise<void> {
    this.#closed = true
    if (this.#exchanges.size > 0 && graceMs > 0) await this.#drained(graceMs)
    for (const exchange of this.#exchanges)
      exchange.cancel(new ClosedError('The client was closed', { unprocessed: false }))
    this.#deadlines.stop()
    if (this.#loading === undefined) return
    const connections = await this.#loading.catch(() => undefined)
    await connections?.destroy()
  }

  #start(exchange: HttpExchange, connection: HttpConnection): void {
    const { method, path, headers, body } = exchange.request
    if (headers !== this.#joined.own) {
      this.#joined = { own: headers, all: this.#headers.concat(headers ?? []) }
    }
    exchange.start(connection, {
      method,
      path: this.#options.address.basePath + path,
      headers: this.#joined.all,
      body,
    })
  }

  async #drained(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs
    while (this.#exchanges.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}
