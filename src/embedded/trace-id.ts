import { randomBytes } from 'node:crypto'

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/i

/** The trace a request belongs to: `spice-trace-id`, else the id in W3C `traceparent`; malformed ones are ignored. */
export function requestedTraceId(own: string | undefined, traceparent: string | undefined): string | null {
  const id = [own, traceparent?.split('-')[1]].find((candidate) => candidate && TRACE_ID.test(candidate))
  return id?.toLowerCase() ?? null
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex')
}
