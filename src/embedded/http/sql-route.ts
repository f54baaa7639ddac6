import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { BATCH_ROWS, recordBatches } from '../duckdb-arrow/batches.ts'
import { mappingsOf, schemaOfMappings } from '../duckdb-arrow/schema.ts'
import { EngineError } from '../engine/engine-error.ts'
import type { QueryResult } from '../engine/query-result.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { newTraceId, requestedTraceId } from '../trace-id.ts'
import type { App, AppContext } from './app-types.ts'
import { type CacheRequest, cacheHeaders, cacheRequest } from './result-cache-headers.ts'
import { statusOf } from './sql-errors.ts'
import { JSON_TYPE, negotiateFormat, resultEncoder, type SqlFormat } from './sql-formats.ts'
import { readSqlRequest, type SqlRequest } from './sql-request.ts'

const TEXT_TYPE = 'text/plain; charset=utf-8'

/** `POST /v1/sql`. The response is written to Node's response directly, so that it can be cut off. */
export function registerSqlRoute(app: App, context: RuntimeContext): void {
  app.post('/v1/sql', async (c) => {
    const trace =
      requestedTraceId(c.req.header('spice-trace-id'), c.req.header('traceparent')) ?? newTraceId()
    const headers = { 'spice-trace-id': trace }
    try {
      await answer(c, context, headers)
    } catch (error) {
      fail(c.env.outgoing, error, headers)
    }
    return RESPONSE_ALREADY_SENT
  })
}

async function answer(
  c: AppContext,
  context: RuntimeContext,
  headers: Record<string, string>,
): Promise<void> {
  const { engine, contract, resultsCache } = context
  const { outgoing } = c.env
  const started = performance.now()
  const format = negotiateFormat(c.req.header('accept'), contract)
  const body = new Uint8Array(await c.req.arrayBuffer())
  const contentType = contract.parameters ? c.req.header('content-type') : undefined
  const request = readSqlRequest(body, contentType, engine.duckdb)
  const { id: principal } = c.get('principal')
  const cache = cacheRequest(c.req.raw.headers, [
    format,
    principal,
    contentType ?? '',
    Buffer.from(body).toString('latin1'),
  ])
  const responseType = contract.typedResponses ? format : TEXT_TYPE

  const cached = cache.mayRead ? resultsCache.get<Uint8Array>(cache.key) : undefined
  context.metrics.count('results_cache_requests')
  if (cached) {
    context.metrics.count('results_cache_hits')
    outgoing.writeHead(200, {
      ...headers,
      ...cacheHeaders(context, 'HIT'),
      'content-type': responseType,
      'server-timing': serverTiming(started),
    })
    outgoing.end(cached)
    return
  }
  if (cache.mustHit) {
    throw new EngineError('timeout', 'the result is not in the cache, and Cache-Control says only-if-cached')
  }
  const stop = new AbortController()
  const onClose = () => stop.abort()
  outgoing.once('close', onClose)
  try {
    const result = await execute(c, context, request, stop.signal)
    const status = resultsCache.options.enabled && cache.mayRead ? 'MISS' : 'BYPASS'
    const response = new ResultResponse(outgoing, 200, {
      ...headers,
      ...cacheHeaders(context, status),
      'content-type': responseType,
    })
    await send(result, format, response, context, cache, started)
  } finally {
    outgoing.off('close', onClose)
  }
}

function execute(
  c: AppContext,
  { engine, contract }: RuntimeContext,
  { sql, parameters }: SqlRequest,
  signal: AbortSignal,
): Promise<QueryResult> {
  const { id, canWrite } = c.get('principal')
  return engine.execute(sql, {
    parameters,
    signal,
    protocol: 'http',
    principal: id,
    readOnly: !canWrite || !contract.writes,
  })
}

/**
 * The first batch is made before the headers are sent, so that a statement that fails by then keeps its
 * status. A later failure cuts the body off, which no client can take for its end.
 */
async function send(
  result: QueryResult,
  format: SqlFormat,
  response: ResultResponse,
  context: RuntimeContext,
  cache: CacheRequest,
  started: number,
): Promise<void> {
  const copy = new CacheCopy(context.resultsCache.options.enabled ? context.resultsCache.maxEntryBytes : 0)
  try {
    const mappings = mappingsOf(result.columns.map(({ type }) => type))
    const schema = schemaOfMappings(
      result.columns.map(({ name }) => name),
      mappings,
    )
    const encoder = resultEncoder(format, schema, context.contract)
    let pending: Uint8Array | null = null
    for await (const batch of recordBatches(result, mappings)) {
      if (pending) await response.write(pending)
      const bytes = encoder.batch(batch)
      copy.add(bytes)
      pending = null
      if (bytes.length === 0) continue
      // A batch that is not full is the last, so it leaves together with the end.
      if (batch.length < BATCH_ROWS) pending = bytes
      else await response.write(bytes)
    }
    const end = encoder.end()
    copy.add(end)
    if (format !== JSON_TYPE) response.headers['server-timing'] = serverTiming(started)
    response.end(pending ? Buffer.concat([pending, end]) : end)
  } catch (error) {
    await result.close()
    if (!response.headersSent) throw error
    response.cutOff()
    return
  }
  const bytes = copy.bytes()
  if (bytes && result.rowsChanged === null) context.resultsCache.set(cache.key, bytes, bytes.length)
}

/** Writes with the client's pace; headers go with the first bytes. */
class ResultResponse {
  readonly headers: Record<string, string>
  private readonly outgoing: ServerResponse
  private readonly status: number

  constructor(outgoing: ServerResponse, status: number, headers: Record<string, string>) {
    this.outgoing = outgoing
    this.status = status
    this.headers = headers
  }

  get headersSent(): boolean {
    return this.outgoing.headersSent
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.writeHead()
    if (this.outgoing.write(bytes) || this.outgoing.destroyed) return
    const done = new AbortController()
    const { signal } = done
    await Promise.race([
      once(this.outgoing, 'drain', { signal }),
      once(this.outgoing, 'close', { signal }),
    ]).finally(() => done.abort())
  }

  end(bytes: Uint8Array): void {
    this.writeHead()
    this.outgoing.end(bytes)
  }

  cutOff(): void {
    this.outgoing.destroy()
  }

  private writeHead(): void {
    if (!this.outgoing.headersSent) this.outgoing.writeHead(this.status, this.headers)
  }
}

/** A copy of the body for the cache, given up once it is too large to be kept. */
class CacheCopy {
  private readonly limit: number
  private pieces: Uint8Array[] | null = []
  private length = 0

  constructor(limit: number) {
    this.limit = limit
  }

  add(bytes: Uint8Array): void {
    this.length += bytes.length
    if (this.length > this.limit) this.pieces = null
    this.pieces?.push(bytes)
  }

  bytes(): Uint8Array | null {
    return this.pieces && Buffer.concat(this.pieces)
  }
}

function fail(outgoing: ServerResponse, error: unknown, headers: Record<string, string>): void {
  if (outgoing.destroyed) return
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  const message = error instanceof Error ? error.message : String(error)
  outgoing.writeHead(statusOf(error), { ...headers, 'content-type': TEXT_TYPE })
  outgoing.end(message)
}

function serverTiming(started: number): string {
  return `total;dur=${(performance.now() - started).toFixed(3)}`
}
