import { OptionsError } from './errors.ts'
import type { FlightAddress } from './transport/transport.ts'

/** Where the runtime's HTTP API listens. */
export interface HttpAddress {
  secure: boolean
  /** Host name or literal address without brackets. */
  host: string
  port: number
  /** Prefix of every path, without a trailing slash; usually empty. */
  basePath: string
}

/** The runtime's default ports. */
export const DEFAULT_HTTP_PORT = 8090
export const DEFAULT_FLIGHT_PORT = 50051

const HTTP_SCHEMES: Record<string, { secure: boolean; port: number }> = {
  http: { secure: false, port: 80 },
  https: { secure: true, port: 443 },
}

const FLIGHT_SCHEMES: Record<string, { secure: boolean; port: number }> = {
  grpc: { secure: false, port: DEFAULT_FLIGHT_PORT },
  'grpc+tcp': { secure: false, port: DEFAULT_FLIGHT_PORT },
  'grpc+tls': { secure: true, port: 443 },
  http: { secure: false, port: DEFAULT_FLIGHT_PORT },
  https: { secure: true, port: 443 },
}

/** @param from what the text comes from, for the message: `option httpUrl`. Throws `OptionsError`. */
export function parseHttpUrl(text: string, from: string): HttpAddress {
  const example = 'expected http://host:port or https://host[:port]'
  const { scheme, host, port, path } = splitUrl(text, from, example)
  const known = HTTP_SCHEMES[scheme]
  if (known === undefined) throw new OptionsError(`${from}: scheme ${scheme}: in '${text}'; ${example}`)
  return { secure: known.secure, host, port: port ?? known.port, basePath: path.replace(/\/+$/, '') }
}

/** Takes the spellings Arrow's own clients take, and `unix:`. Throws `OptionsError`. */
export function parseFlightUrl(text: string, from: string): FlightAddress {
  const example = 'expected grpc://host:port, grpc+tls://host[:port] or unix:/path'
  const unix = /^(?:grpc\+)?unix:(?:\/\/)?(\/.*)$/.exec(text.trim())
  if (unix) return { secure: false, host: unix[1], port: -1 }
  const { scheme, host, port, path } = splitUrl(text, from, example)
  const known = FLIGHT_SCHEMES[scheme]
  if (known === undefined) throw new OptionsError(`${from}: scheme ${scheme}: in '${text}'; ${example}`)
  if (path !== '' && path !== '/')
    throw new OptionsError(`${from}: '${text}' has a path, Flight has none; ${example}`)
  return { secure: known.secure, host, port: port ?? known.port }
}

/** Whether a URL given without saying what for names a Flight address rather than an HTTP one. */
export function namesFlight(text: string): boolean {
  return /^\s*(grpc|unix)[+:]/i.test(text)
}

export function formatHttpAddress(address: HttpAddress): string {
  return `${address.secure ? 'https' : 'http'}://${bracketed(address.host)}:${address.port}${address.basePath}`
}

export function formatFlightAddress(address: FlightAddress): string {
  if (address.port < 0) return `unix:${address.host}`
  return `${address.secure ? 'grpc+tls' : 'grpc'}://${bracketed(address.host)}:${address.port}`
}

/** Whether bytes sent to this host stay on the machine: loopback addresses, `localhost`, Unix sockets. */
export function isLoopback(address: { host: string; port: number }): boolean {
  if (address.port < 0) return true
  const host = address.host.toLowerCase()
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  )
}

export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

// URL drops a port that is the scheme's default and rewrites hosts of schemes it knows; what the user
// wrote has to survive both, so the authority is taken apart here and URL only judges the host.
function splitUrl(text: string, from: string, example: string) {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)([?#].*)?$/i.exec(text.trim())
  if (!match) throw new OptionsError(`${from}: '${text}' is no URL; ${example}`)
  const [, scheme, authority, path, rest] = match
  if (rest !== undefined) throw new OptionsError(`${from}: '${text}' has a query or fragment; ${example}`)
  if (authority.includes('@')) {
    throw new OptionsError(`${from}: the URL carries a user or password; give the key as apiKey instead`)
  }
  const parts = /^(\[[^\]]+\]|[^:]*)(?::(\d*))?$/.exec(authority)
  const host = parts?.[1] ?? ''
  const port = parts?.[2] ? Number(parts[2]) : undefined
  if (!parts || host === '' || !URL.canParse(`http://${host}`)) {
    throw new OptionsError(`${from}: '${text}' names no valid host; ${example}`)
  }
  if (port !== undefined && (port < 1 || port > 65_535)) {
    throw new OptionsError(`${from}: port ${parts[2]} in '${text}' is not between 1 and 65535`)
  }
  return { scheme: scheme.toLowerCase(), host: host.replace(/^\[|\]$/g, ''), port, path }
}
