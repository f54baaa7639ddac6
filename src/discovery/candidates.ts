import { DEFAULT_FLIGHT_PORT, DEFAULT_HTTP_PORT, type HttpAddress } from '../address.ts'
import type { Named, ResolvedOptions } from '../resolved-options.ts'
import type { FlightAddress } from '../transport/transport.ts'

const LOOPBACK = ['127.0.0.1', '::1']

export interface HttpCandidate extends Named<HttpAddress> {
  /** Whether a user named it, in which case the API key may go there before it has shown what it is. */
  trusted: boolean
}

/** The HTTP addresses to ask, by rank: an option or environment variable stands alone, else the well-known ports. */
export function httpCandidates(options: ResolvedOptions): HttpCandidate[] {
  if (options.http !== null) return [{ ...options.http, trusted: true }]
  return LOOPBACK.map((host) => ({
    address: { secure: false, host, port: DEFAULT_HTTP_PORT, basePath: '' },
    from: 'well-known port',
    trusted: false,
  }))
}

/** Where Flight listens by default; looked at only to tell the user about it. */
export const WELL_KNOWN_FLIGHT: readonly FlightAddress[] = LOOPBACK.map((host) => ({
  secure: false,
  host,
  port: DEFAULT_FLIGHT_PORT,
}))

/**
 * The Flight address a runtime reported as `ip:port`, to be dialled on the host that answered over HTTP:
 * what it reports is where it bound, often 0.0.0.0, and must not be able to send credentials elsewhere.
 * The port's TLS follows HTTP's, as the runtime uses one certificate for both. Null when no port can be
 * learnt from it: `N/A`, or port 0, which the runtime reports as configured.
 */
export function learntFlightAddress(endpoint: string | null, http: HttpAddress): FlightAddress | null {
  const port = Number(/:(\d{1,5})\/?$/.exec(endpoint ?? '')?.[1] ?? 0)
  if (port < 1 || port > 65_535) return null
  return { secure: http.secure, host: http.host, port }
}
