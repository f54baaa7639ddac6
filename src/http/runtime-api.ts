import type { z } from 'zod/mini'
import { ProtocolError } from '../errors.ts'
import type { HttpClient, HttpResponse } from './http-client.ts'
import type { HttpRequest } from './http-exchange.ts'
import type { Catalog, ComponentStatus, Dataset } from './runtime-types.ts'
import { callError } from './status-errors.ts'

/** What one call may be told. */
export interface CallOptions {
  signal?: AbortSignal
  /** Milliseconds the call may take. Default: `timeoutMs` of `connect()`. */
  timeoutMs?: number
}

export interface ListDatasetsOptions extends CallOptions {
  /** Ask for each dataset's status, too. Default true. */
  status?: boolean
  /** Only datasets of this connector, such as `postgres`. */
  source?: string
}

export interface RefreshOptions extends CallOptions {
  /** SQL that selects what to load, for this refresh only. */
  refreshSql?: string
  refreshMode?: 'full' | 'append'
  /** Upper bound of a random delay, such as `10s`. */
  refreshJitterMax?: string
}

type Schemas = typeof import('./runtime-schemas.ts')

/**
 * The runtime's HTTP API besides SQL. Every call throws `AuthenticationError`, `PermissionError`,
 * `HttpError`, `ConnectionError`, `TimeoutError`, `AbortError`, or `ProtocolError` for a reply of another shape.
 */
export class RuntimeApi {
  readonly #client: HttpClient
  readonly #timeoutMs: number

  constructor(client: HttpClient, timeoutMs: number) {
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  /** Whether the runtime says it can serve. Never cached. */
  async ready(options: CallOptions = {}): Promise<boolean> {
    const response = await this.#client.request(this.#request('GET', '/v1/ready', options))
    if (response.status !== 200 && response.status !== 503) {
      throw callError(response, 'GET /v1/ready', this.#client.origin)
    }
    return response.status === 200 && response.body.toString('utf8').trim().toLowerCase() === 'ready'
  }

  /** The runtime's own listeners and their state. It connects to each to find out, so this is no call to poll. */
  status(options: CallOptions = {}): Promise<ComponentStatus[]> {
    return this.#get('/v1/status', options, (schemas) => schemas.componentStatuses)
  }

  datasets(options: ListDatasetsOptions = {}): Promise<Dataset[]> {
    const query = new URLSearchParams()
    if (options.status ?? true) query.set('status', 'true')
    if (options.source !== undefined) query.set('source', options.source)
    return this.#get(`/v1/datasets?${query}`, options, (schemas) => schemas.datasets)
  }

  catalogs(options: CallOptions = {}): Promise<Catalog[]> {
    return this.#get('/v1/catalogs', options, (schemas) => schemas.catalogs)
  }

  /**
   * Starts a refresh of an accelerated dataset and returns once it is started, not once it is done.
   * @returns the runtime's message
   */
  async refresh(dataset: string, options: RefreshOptions = {}): Promise<string> {
    const { refreshSql, refreshMode, refreshJitterMax } = options
    const body = { refresh_sql: refreshSql, refresh_mode: refreshMode, refresh_jitter_max: refreshJitterMax }
    const path = `/v1/datasets/${encodeURIComponent(dataset)}/acceleration/refresh`
    const request = this.#request('POST', path, options)
    const response = await this.#client.request({
      ...request,
      body: JSON.stringify(body),
      headers: ['content-type', 'application/json', 'accept', 'application/json'],
    })
    const { message } = await this.#read(response, `POST ${path}`, (schemas) => schemas.message)
    return message
  }

  async #get<Out>(
    path: string,
    options: CallOptions,
    choose: (schemas: Schemas) => z.ZodMiniType<Out>,
  ): Promise<Out> {
    const request = this.#request('GET', path, options)
    const response = await this.#client.request({ ...request, headers: ['accept', 'application/json'] })
    return this.#read(response, `GET ${path}`, choose)
  }

  async #read<Out>(
    response: HttpResponse,
    call: string,
    choose: (schemas: Schemas) => z.ZodMiniType<Out>,
  ): Promise<Out> {
    if (response.status < 200 || response.status > 299) throw callError(response, call, this.#client.origin)
    let json: unknown
    try {
      json = JSON.parse(response.body.toString('utf8'))
    } catch (cause) {
      throw new ProtocolError(`${call}: the reply is no JSON`, { cause })
    }
    const schemas = await import('./runtime-schemas.ts')
    const parsed = schemas.parse(choose(schemas), json)
    if ('problem' in parsed)
      throw new ProtocolError(`${call}: the reply has another shape (${parsed.problem})`)
    return parsed.value
  }

  #request(method: HttpRequest['method'], path: string, options: CallOptions): HttpRequest {
    const { signal, timeoutMs = this.#timeoutMs } = options
    const deadline = timeoutMs === Infinity ? undefined : performance.now() + timeoutMs
    return { method, path, signal, timeoutMs, deadline }
  }
}
