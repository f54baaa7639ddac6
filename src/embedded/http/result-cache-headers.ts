import type { RuntimeContext } from '../runtime-context.ts'

export type CacheStatus = 'HIT' | 'MISS' | 'BYPASS'

/** What a request says about the results cache. */
export interface CacheRequest {
  readonly key: string
  /** False after `Cache-Control: no-cache`, which still stores the result. */
  readonly mayRead: boolean
  /** `only-if-cached`: the statement must not run. */
  readonly mustHit: boolean
}

export function cacheRequest(headers: Headers, parts: readonly string[]): CacheRequest {
  const control = (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',')
    .map((item) => item.trim())
  const named = headers.get('spice-cache-key')
  const own = named !== null && /^[A-Za-z0-9_-]{1,128}$/.test(named) ? `key ${named}` : 'sql'
  return {
    key: JSON.stringify([own, ...parts]),
    mayRead: !control.includes('no-cache'),
    mustHit: control.includes('only-if-cached'),
  }
}

export function cacheHeaders(context: RuntimeContext, status: CacheStatus): Record<string, string> {
  const headers: Record<string, string> = {}
  if (status !== 'BYPASS') headers['x-cache'] = `${status === 'HIT' ? 'Hit' : 'Miss'} from spiceai`
  if (!context.contract.cacheStatusHeader) return headers
  const perUser = context.authenticator.enabled
  headers['results-cache-status'] = status
  headers['results-cache-scope'] = perUser ? 'user' : 'shared'
  headers.vary = perUser ? 'Spice-Cache-Key, Authorization, X-API-Key, Cookie' : 'Spice-Cache-Key'
  return headers
}
