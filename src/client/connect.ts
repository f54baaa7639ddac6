import type { HttpAddress } from '../address.ts'
import { discover } from '../discovery/discover.ts'
import { HttpClient } from '../http/http-client.ts'
import { HttpSource } from '../http/http-source.ts'
import { RuntimeApi } from '../http/runtime-api.ts'
import type { ConnectOptions } from '../options.ts'
import { RetryingSource } from '../resilience/retrying-source.ts'
import { type ResolvedOptions, resolveOptions } from '../resolved-options.ts'
import { isReadOnly } from '../sql/classify.ts'
import { openFlight } from './open-flight.ts'
import type { StatementSource } from './result.ts'
import { SidecarClient } from './sidecar-client.ts'

/**
 * Finds the runtime, waits until it is ready and opens the transport that will carry queries.
 * @param target a URL (`http://…` for the HTTP API, `grpc://…` for Flight) or options; nothing to search
 *   the environment and the well-known ports of this machine
 * Throws `OptionsError`, `DiscoveryError`, `NotReadyError`, `AuthenticationError`, `ConnectionError`,
 * `AbortError`.
 */
export async function connect(
  target?: string | URL | ConnectOptions,
  options?: ConnectOptions,
): Promise<SidecarClient> {
  const resolved = resolveOptions(target, options)
  const endpoint = await discover(resolved)
  const flight = await openFlight(resolved, endpoint)
  const client = endpoint.http && httpClient(resolved, endpoint.http)
  return new SidecarClient(resolved, endpoint, {
    flight: flight && retrying(flight, resolved),
    flightClient: flight?.client ?? null,
    http: client && retrying(new HttpSource(client), resolved),
    api: client && new RuntimeApi(client, resolved.timeoutMs),
  })
}

function httpClient(options: ResolvedOptions, address: HttpAddress): HttpClient {
  const { apiKey, tls, userAgent, httpOptions } = options
  return new HttpClient({ address, apiKey, tls, userAgent, ...httpOptions })
}

function retrying(source: StatementSource, options: ResolvedOptions): StatementSource {
  return new RetryingSource(source, options.retries, isReadOnly)
}
