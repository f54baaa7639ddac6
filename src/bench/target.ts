import type { SidecarClient } from '../client/sidecar-client.ts'
import { OptionsError } from '../errors.ts'
import type { BenchAddresses } from './environment.ts'
import type { BenchTarget } from './run.ts'
import type { BenchTransport } from './series.ts'

/** Sent with every statement: the engine is to answer, not its result cache. */
export const CACHE_CONTROL = 'no-cache'

/** Replies larger than this are counted row by row instead of being kept whole. */
const KEEP_ROWS = 20_000

/** Lets the load generator run statements on a client. */
export function clientTarget(
  name: 'loopback' | 'remote',
  emulated: boolean,
  client: SidecarClient,
  transport: BenchTransport | 'both',
): BenchTarget {
  const addresses = targetAddresses(client)
  const transports = (['http', 'flight'] as const).filter(
    (one) => (transport === 'both' || transport === one) && addresses[one] !== null,
  )
  if (transports.length === 0) {
    throw new OptionsError(`The ${name} runtime has no ${transport} address that is known; give one.`)
  }
  const large = new Set<string>()
  return {
    name,
    emulated,
    transports,
    async run({ sql }, over, signal) {
      const query = client.query(sql, undefined, { transport: over, cache: CACHE_CONTROL, signal })
      if (!large.has(sql)) {
        const { length } = await query
        if (length > KEEP_ROWS) large.add(sql)
        return length
      }
      let count = 0
      for await (const _ of query) count++
      return count
    },
  }
}

export function targetAddresses({ endpoint }: SidecarClient): BenchAddresses {
  return { http: endpoint.http, flight: endpoint.flight }
}
