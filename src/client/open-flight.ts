import { formatFlightAddress } from '../address.ts'
import type { Endpoint } from '../discovery/discover.ts'
import { sleep } from '../discovery/sleep.ts'
import { startAdvice } from '../discovery/start-advice.ts'
import { DiscoveryError, QueryError, type SidecarError } from '../errors.ts'
import type { FlightSource } from '../flight/flight-source.ts'
import type { ResolvedOptions } from '../resolved-options.ts'
import type { FlightAddress } from '../transport/transport.ts'

/**
 * Connects Flight where discovery knows an address and the options want it. Null, with the reason added to
 * the endpoint's, when HTTP carries the queries instead. Rejects when nothing else could carry them.
 */
export async function openFlight(options: ResolvedOptions, endpoint: Endpoint): Promise<FlightSource | null> {
  const { flight, reasons } = endpoint
  if (options.transport === 'http') {
    reasons.push("queries go over HTTP: option transport is 'http'")
    return null
  }
  if (flight === null) {
    if (options.transport === 'auto') return null
    const advice = 'option transport is flight, but no Flight address is known; give flightUrl'
    throw new DiscoveryError(`${reasons.join('; ')}; ${advice}`, endpoint.candidates)
  }
  const source = await createSource(options, endpoint, flight)
  try {
    const server = await connectUntil(source, options, endpoint.http === null ? options.startTimeoutMs : 0)
    endpoint.server = server
    return source
  } catch (error) {
    await source.close()
    const failure = error as SidecarError
    const fallback = endpoint.http !== null && options.transport === 'auto' && options.fallback
    if (failure.code === 'ABORTED' || failure.code === 'UNAUTHENTICATED') throw failure
    if (fallback) {
      reasons.push(`queries go over HTTP, since Flight cannot be used: ${failure.message}`)
      return null
    }
    if (endpoint.http !== null) throw failure
    const candidate = {
      url: formatFlightAddress(flight),
      from: options.flight?.from ?? 'discovery',
      outcome: failure.message,
    }
    throw new DiscoveryError(
      `No Flight server found.\n  ${candidate.url} (${candidate.from}): ${candidate.outcome}\n` +
        `Check the address and that the runtime runs there; ${startAdvice(options.startTimeoutMs)}`,
      [candidate],
      { cause: failure },
    )
  }
}

async function createSource(
  options: ResolvedOptions,
  endpoint: Endpoint,
  address: FlightAddress,
): Promise<FlightSource> {
  const { createFlightSource } = await import('../flight/flight-source.ts')
  const { transport, login, ...connection } = options.flightOptions
  return createFlightSource({
    address,
    transport,
    connection: { ...connection, tls: options.tls, userAgent: options.userAgent },
    apiKey: options.apiKey,
    login,
    headers: options.headers,
    allowInsecure: options.allowInsecure,
    server: options.server === 'auto' && endpoint.server === 'spice' ? 'spice' : options.server,
  })
}

/** Tries again while nothing listens and time remains. */
async function connectUntil(source: FlightSource, options: ResolvedOptions, startTimeoutMs: number) {
  const { signal } = options
  const deadline = performance.now() + startTimeoutMs
  for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
    try {
      return await source.connect({ signal })
    } catch (error) {
      const left = deadline - performance.now()
      if (!mayComeUp(error as SidecarError) || left <= 0) throw error
      await sleep(Math.min(pause, left), signal)
    }
  }
}

/** Nothing listens yet, or only a proxy whose server is not there yet, or what does cannot serve yet. */
function mayComeUp(error: SidecarError): boolean {
  if (error.code === 'CONNECTION_FAILED' || error.code === 'CONNECTION_LOST') return true
  return error instanceof QueryError && error.transient
}
