import {
  formatFlightAddress,
  formatHttpAddress,
  type HttpAddress,
  isLoopback,
  namesFlight,
  parseFlightUrl,
  parseHttpUrl,
} from './address.ts'
import type { ValueOptions } from './arrow/values-options.ts'
import { OptionsError } from './errors.ts'
import { checkOptions } from './option-checks.ts'
import {
  CONNECT_FIELDS,
  type ConnectOptions,
  DEFAULTS,
  type FlightOptions,
  type HttpOptions,
} from './options.ts'
import type { FlightAddress, TlsOptions } from './transport/transport.ts'

/** Spice Cloud's shared hosts: naming one of them implies the other. */
const CLOUD_HTTP: HttpAddress = { secure: true, host: 'data.spiceai.io', port: 443, basePath: '' }
const CLOUD_FLIGHT: FlightAddress = { secure: true, host: 'flight.spiceai.io', port: 443 }

/** An address and what named it, such as `option httpUrl`. */
export interface Named<Address> {
  address: Address
  from: string
}

/** Options with environment and defaults applied, everything checked. */
export interface ResolvedOptions {
  http: Named<HttpAddress> | null
  flight: Named<FlightAddress> | null
  /** Whether the addresses are Spice Cloud's, which needs no identity probe. */
  cloud: boolean
  apiKey: string | undefined
  transport: 'auto' | 'flight' | 'http'
  server: 'auto' | 'spice' | 'flight-sql'
  flightOptions: FlightOptions & { transport: 'native' | 'grpc-js' }
  httpOptions: Required<HttpOptions>
  readyTimeoutMs: number
  startTimeoutMs: number
  probeTimeoutMs: number
  timeoutMs: number
  retries: number
  signal: AbortSignal | undefined
  fallback: boolean
  tls: TlsOptions | undefined
  values: ValueOptions | undefined
  allowInsecure: boolean
  headers: Readonly<Record<string, string>> | undefined
  cache: string | undefined
  userAgent: string
}

/** Checks what `connect()` was given and fills in environment and defaults. Throws `OptionsError`. */
export function resolveOptions(
  given: string | URL | ConnectOptions = {},
  more?: ConnectOptions,
): ResolvedOptions {
  const options = mergeUrl(given, more)
  checkOptions(options, CONNECT_FIELDS, 'option')
  const env = options.env ?? process.env
  let http = named(options.httpUrl, env, 'httpUrl', 'SPICE_HTTP_URL', parseHttpUrl)
  let flight = named(options.flightUrl, env, 'flightUrl', 'SPICE_FLIGHT_URL', parseFlightUrl)
  // An address given as an option stands for itself: the environment may name another runtime.
  if (options.flightUrl !== undefined && options.httpUrl === undefined) http = null
  if (options.httpUrl !== undefined && options.flightUrl === undefined) flight = null
  const cloud = http?.address.host === CLOUD_HTTP.host || flight?.address.host === CLOUD_FLIGHT.host
  if (cloud) {
    http ??= { address: CLOUD_HTTP, from: 'Spice Cloud' }
    flight ??= { address: CLOUD_FLIGHT, from: 'Spice Cloud' }
  }
  const apiKey = options.apiKey ?? (env.SPICE_API_KEY || undefined)
  const resolved: ResolvedOptions = {
    http,
    flight,
    cloud,
    apiKey,
    transport: options.transport ?? DEFAULTS.transport,
    server: options.server ?? DEFAULTS.server,
    flightOptions: { ...DEFAULTS.flight, ...options.flight },
    httpOptions: { ...DEFAULTS.http, ...options.http },
    readyTimeoutMs: options.readyTimeoutMs ?? DEFAULTS.readyTimeoutMs,
    startTimeoutMs: options.startTimeoutMs ?? DEFAULTS.startTimeoutMs,
    probeTimeoutMs: options.probeTimeoutMs ?? DEFAULTS.probeTimeoutMs,
    timeoutMs: options.timeoutMs ?? DEFAULTS.timeoutMs,
    retries: options.retries ?? DEFAULTS.retries,
    signal: options.signal,
    fallback: options.fallback ?? DEFAULTS.fallback,
    tls: options.tls,
    values: options.values,
    allowInsecure: options.allowInsecure ?? DEFAULTS.allowInsecure,
    headers: options.headers,
    cache: options.cache,
    userAgent: `${options.userAgent ? `${options.userAgent} ` : ''}spice-sidecar`,
  }
  checkCombinations(resolved)
  return resolved
}

function mergeUrl(given: string | URL | ConnectOptions, more?: ConnectOptions): ConnectOptions {
  if (typeof given !== 'string' && !(given instanceof URL)) {
    if (typeof given !== 'object' || given === null) {
      throw new OptionsError(`connect() takes a URL or an options object, not ${String(given)}`)
    }
    return { ...given, ...more }
  }
  const key = namesFlight(String(given)) ? 'flightUrl' : 'httpUrl'
  if (more?.[key] !== undefined) {
    throw new OptionsError(`connect() was given a URL and option ${key} as well; leave one out`)
  }
  return { ...more, [key]: given }
}

function named<Address>(
  option: string | URL | undefined,
  env: Readonly<Record<string, string | undefined>>,
  optionName: string,
  variable: string,
  parse: (text: string, from: string) => Address,
): Named<Address> | null {
  const value = option ?? (env[variable] || undefined)
  if (value === undefined) return null
  const from = option === undefined ? `environment ${variable}` : `option ${optionName}`
  return { address: parse(String(value), from), from }
}

function checkCombinations(options: ResolvedOptions): void {
  const { http, flight, apiKey, transport } = options
  if (transport === 'http' && http === null && flight !== null) {
    throw new OptionsError(
      `option transport: 'http' needs an HTTP address, but only ${flight.from} is given; add httpUrl`,
    )
  }
  if (
    options.tls !== undefined &&
    (http ?? flight) !== null &&
    !http?.address.secure &&
    !flight?.address.secure
  ) {
    throw new OptionsError(
      'option tls: no address given uses TLS; write https:// or grpc+tls://, or leave tls out',
    )
  }
  if (options.cloud && apiKey === undefined) {
    throw new OptionsError('Spice Cloud needs an API key: pass option apiKey or set SPICE_API_KEY')
  }
  if (apiKey !== undefined && options.flightOptions.login !== undefined) {
    throw new OptionsError(
      'option flight.login: an API key is given as well (apiKey or SPICE_API_KEY); leave one out',
    )
  }
  if (options.flightOptions.busyPollMs && options.flightOptions.transport === 'grpc-js') {
    throw new OptionsError("option flight.busyPollMs: only flight.transport 'native' can poll; leave one out")
  }
  const secret = apiKey === undefined ? secretHeader(options.headers) : 'the API key'
  if (secret === undefined || options.allowInsecure) return
  for (const target of [
    http && { ...http, url: formatHttpAddress(http.address), secured: 'https://' },
    flight && { ...flight, url: formatFlightAddress(flight.address), secured: 'grpc+tls://' },
  ]) {
    if (target && !target.address.secure && !isLoopback(target.address)) {
      throw new OptionsError(
        `${target.from}: ${target.url} would send ${secret} in clear text to another host; ` +
          `use ${target.secured}, or allowInsecure: true if the network is trusted`,
      )
    }
  }
}

/** A header that carries credentials, for a message. */
function secretHeader(headers: Readonly<Record<string, string>> = {}): string | undefined {
  const name = ['authorization', 'x-api-key', 'cookie'].find((secret) => headers[secret] !== undefined)
  return name && `the header ${name}`
}
