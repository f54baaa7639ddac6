import { randomBytes } from 'node:crypto'

/**
 * The id a query is traced by: `spice-trace-id` if it is 32 hex digits and not all zero, else the trace
 * id of a W3C `traceparent`, else a new one.
 */
export function traceId(spiceTraceId: string | undefined, traceparent: string | undefined): string {
  for (const id of [spiceTraceId, traceparent?.split('-')[1]]) {
    if (id && /^[0-9a-f]{32}$/i.test(id) && !/^0+$/.test(id)) return id.toLowerCase()
  }
  return randomBytes(16).toString('hex')
}
