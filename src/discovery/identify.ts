import type { HttpAddress } from '../address.ts'
import type { TlsOptions } from '../transport/transport.ts'
import { type ProbeAnswer, probeRequest } from './probe-request.ts'

/** What listens at an HTTP address. */
export type Identity =
  | {
      kind: 'runtime'
      ready: boolean
      /** `/v1/ready` in words, for messages. */
      readiness: string
      /** `key-required` and `key-refused` when `/v1/status` answered 401 without and with a key. */
      access: 'open' | 'key-required' | 'key-refused'
      /** `host:port` of the Flight row of `/v1/status` as the runtime wrote it; null when there is none. */
      flightEndpoint: string | null
    }
  | { kind: 'other'; problem: string }
  | { kind: 'nothing'; problem: string; refused: boolean }

export interface IdentifyOptions {
  apiKey?: string
  timeoutMs: number
  tls?: TlsOptions
  signal?: AbortSignal
}

/**
 * Asks `/v1/ready` and `/v1/status` at once. A runtime is known by its status list, which names `flight`;
 * with authentication on, the list takes a key but readiness does not, so a 401 beside a readiness
 * answer identifies one too (spice-contract: only `/health` and `/v1/ready` are unprotected).
 */
export async function identify(address: HttpAddress, options: IdentifyOptions): Promise<Identity> {
  const { apiKey, ...rest } = options
  const headers: Record<string, string> = apiKey === undefined ? {} : { 'x-api-key': apiKey }
  const [ready, status] = await Promise.all([
    probeRequest(address, '/v1/ready', { ...rest, headers }),
    probeRequest(address, '/v1/status', { ...rest, headers }),
  ])
  const readiness = readReadiness(ready)
  if (status.answered && status.status === 200) {
    const flight = readFlightEndpoint(status.body)
    if (flight !== undefined) {
      return {
        kind: 'runtime',
        ready: readiness?.ready ?? false,
        readiness: readiness?.text ?? `GET /v1/ready: ${inWords(ready)}`,
        access: 'open',
        flightEndpoint: flight,
      }
    }
  }
  if (readiness !== null && status.answered && status.status === 401) {
    const access = apiKey === undefined ? 'key-required' : 'key-refused'
    return {
      kind: 'runtime',
      ready: readiness.ready,
      readiness: readiness.text,
      access,
      flightEndpoint: null,
    }
  }
  // While it shuts down every route answers 503 with this text; its successor may come up any moment.
  if (isShuttingDown(ready) || isShuttingDown(status)) {
    return { kind: 'runtime', ready: false, readiness: 'shutting down', access: 'open', flightEndpoint: null }
  }
  if (!ready.answered && !status.answered) {
    return { kind: 'nothing', problem: status.problem, refused: status.refused && ready.refused }
  }
  // Readiness alone answered in time: a runtime whose status checks hang is still starting.
  if (readiness !== null && !status.answered && /^(not )?ready$/i.test(readiness.text)) {
    return {
      kind: 'runtime',
      ready: false,
      readiness: `${readiness.text}, but GET /v1/status: ${inWords(status)}`,
      access: 'open',
      flightEndpoint: null,
    }
  }
  return { kind: 'other', problem: `answers, but is no Spice runtime (GET /v1/status: ${inWords(status)})` }
}

/** `ready` (200) and `not ready` (503), in any case; null for an answer no runtime gives. */
export function readReadiness(answer: ProbeAnswer): { ready: boolean; text: string } | null {
  if (!answer.answered || (answer.status !== 200 && answer.status !== 503)) return null
  const text = answer.body.trim()
  const lower = text.toLowerCase()
  if (answer.status === 200 && lower === 'ready') return { ready: true, text }
  if (lower === 'not ready' || isShuttingDown(answer)) return { ready: false, text }
  return null
}

/** The Flight row's endpoint; undefined when this is no status list of a runtime. */
function readFlightEndpoint(body: string): string | null | undefined {
  let rows: unknown
  try {
    rows = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!Array.isArray(rows)) return undefined
  for (const row of rows as unknown[]) {
    if (typeof row !== 'object' || row === null) return undefined
    const { name, endpoint } = row as { name?: unknown; endpoint?: unknown }
    if (typeof name === 'string' && name.toLowerCase() === 'flight') {
      return typeof endpoint === 'string' ? endpoint : null
    }
  }
  return undefined
}

export function inWords(answer: ProbeAnswer): string {
  if (!answer.answered) return answer.problem
  const kind = answer.contentType.split(';')[0] || 'no content type'
  const start = answer.body.replace(/\s+/g, ' ').trim().slice(0, 60)
  return `${answer.status} ${kind}${start ? ` '${start}'` : ', empty'}`
}

function isShuttingDown(answer: ProbeAnswer): boolean {
  return answer.answered && answer.status === 503 && /runtime is shutting down/i.test(answer.body)
}
