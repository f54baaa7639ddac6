import { type Metadata, status } from '@grpc/grpc-js'
import { recordBatches } from '../duckdb-arrow/batches.ts'
import { mappingsOf, schemaOfMappings } from '../duckdb-arrow/schema.ts'
import type { QueryProtocol } from '../engine/active-queries.ts'
import type { QueryResult } from '../engine/query-result.ts'
import { type CacheStatus, cacheHeaders, cacheRequest } from '../http/result-cache-headers.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import type { FlightCall, ResponseStream } from './flight-call.ts'
import { FlightError } from './flight-error.ts'
import { boundValues } from './parameter-values.ts'
import { encodeHandle, type PreparedStatement } from './prepared-handle.ts'
import { flightDataOf } from './query-result-stream.ts'

/** The cache headers of a DoGet; those about HTTP caches (`vary`, the scope) do not exist on Flight. */
const CACHE_METADATA = ['x-cache', 'results-cache-status']

/** Starts a statement on behalf of the caller. Throws `EngineError`. */
export function execute(
  { engine }: RuntimeContext,
  { sql, parameters }: PreparedStatement,
  protocol: QueryProtocol,
  call: FlightCall,
): Promise<QueryResult> {
  return engine.execute(sql, {
    ...(parameters === null ? {} : { parameters: boundValues(parameters) }),
    signal: call.signal,
    protocol,
    principal: call.principal.id,
    readOnly: !call.principal.canWrite,
  })
}

/**
 * Streams a statement's result, from the results cache when it is there and the request allows it. What is
 * kept are the messages themselves, as long as they are few enough bytes.
 */
export async function streamStatement(
  context: RuntimeContext,
  statement: PreparedStatement,
  protocol: QueryProtocol,
  call: FlightCall,
  stream: ResponseStream,
  metadata: Metadata,
): Promise<void> {
  const { resultsCache } = context
  const cache = cacheRequest(headersOf(call.requestMetadata), [
    'flight',
    call.principal.id,
    Buffer.from(encodeHandle(statement)).toString('latin1'),
  ])
  const cached = cache.mayRead ? resultsCache.get<readonly Uint8Array[]>(cache.key) : undefined
  context.metrics.count('results_cache_requests')
  if (cached !== undefined) {
    context.metrics.count('results_cache_hits')
    call.sendMetadata(withCacheStatus(metadata, context, 'HIT'))
    for (const message of cached) await stream.write(message)
    return
  }
  if (cache.mustHit) {
    throw new FlightError(
      status.DEADLINE_EXCEEDED,
      'the result is not in the cache, and cache-control says only-if-cached',
    )
  }
  const result = await execute(context, statement, protocol, call)
  try {
    const mappings = mappingsOf(result.columns.map((column) => column.type))
    const schema = schemaOfMappings(
      result.columns.map((column) => column.name),
      mappings,
    )
    const mayKeep = resultsCache.options.enabled && result.rowsChanged === null
    call.sendMetadata(withCacheStatus(metadata, context, mayKeep && cache.mayRead ? 'MISS' : 'BYPASS'))
    let kept: Uint8Array[] | null = mayKeep ? [] : null
    let keptBytes = 0
    for await (const message of flightDataOf(schema, recordBatches(result, mappings))) {
      keptBytes += message.length
      if (keptBytes > resultsCache.maxEntryBytes) kept = null
      kept?.push(message)
      await stream.write(message, result.signal)
    }
    if (kept !== null) resultsCache.set(cache.key, kept, keptBytes)
  } finally {
    await result.close()
  }
}

function withCacheStatus(metadata: Metadata, context: RuntimeContext, cacheStatus: CacheStatus): Metadata {
  const headers = cacheHeaders(context, cacheStatus)
  for (const name of CACHE_METADATA) if (name in headers) metadata.set(name, headers[name])
  return metadata
}

function headersOf(metadata: Metadata): Headers {
  const headers = new Headers()
  for (const name of ['cache-control', 'spice-cache-key']) {
    const [value] = metadata.get(name)
    if (typeof value === 'string') headers.set(name, value)
  }
  return headers
}
