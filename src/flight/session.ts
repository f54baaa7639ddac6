import { formatFlightAddress, isLoopback } from '../address.ts'
import { AuthenticationError, OptionsError } from '../errors.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../transport/defaults.ts'
import { openTransport } from '../transport/open-transport.ts'
import { RpcError } from '../transport/rpc-error.ts'
import type {
  FlightAddress,
  Metadata,
  MetadataEntries,
  Transport,
  TransportOptions,
} from '../transport/transport.ts'
import { type CollectOptions, collect, HANDSHAKE } from './calls.ts'
import { Locations } from './locations.ts'
import { HandshakeRequest, HandshakeResponse } from './messages.generated.ts'
import { decode, encode } from './protobuf.ts'
import { accessFailure } from './query-failure.ts'

export interface FlightOptions {
  /** What carries the calls. Default `native`. */
  transport?: 'native' | 'grpc-js'
  address: FlightAddress
  /** Everything about connections; the address is the one above. */
  connection?: Omit<TransportOptions, 'address'>
  /** Sent as bearer token with every call. */
  apiKey?: string
  /** For servers that want a handshake with name and password first. Not together with `apiKey`. */
  login?: Login
  /** Metadata of every call; names in any case. */
  headers?: Readonly<Record<string, string>>
  /** Further hosts that may see the credentials when a FlightInfo points to them. Default: none. */
  trustedHosts?: readonly string[]
  /** Send credentials in clear text to other hosts than loopback. Default false. */
  allowInsecure?: boolean
  /** Streams of one result read at a time when it has several endpoints. Default 4. */
  endpointConcurrency?: number
}

/** A server, the connections to it and who we are to it: what every Flight call needs. */
export class FlightSession {
  readonly options: FlightOptions
  readonly transport: Transport
  readonly locations: Locations
  private base: MetadataEntries
  private authenticating: Promise<void> | null = null

  /** Throws `OptionsError`. Nothing connects yet. */
  constructor(options: FlightOptions) {
    const { address, apiKey, login, allowInsecure = false } = options
    const hasCredentials = apiKey !== undefined || login !== undefined
    if (hasCredentials && !address.secure && !isLoopback(address) && !allowInsecure) {
      throw new OptionsError(
        `Credentials would go to ${formatFlightAddress(address)} in clear text; use grpc+tls:// or allowInsecure`,
      )
    }
    if (apiKey !== undefined && login !== undefined) {
      throw new OptionsError('Give either an apiKey or a login, not both')
    }
    const kind = options.transport ?? 'native'
    const open = (transportOptions: TransportOptions): Transport => openTransport(kind, transportOptions)
    this.options = options
    this.transport = open({ ...options.connection, address })
    this.locations = new Locations({
      home: address,
      homeTransport: this.transport,
      trustedHosts: options.trustedHosts,
      allowInsecure,
      transportOptions: options.connection ?? {},
      open,
    })
    this.base = headerEntries(options.headers)
    if (apiKey !== undefined) this.base = [['authorization', `Bearer ${apiKey}`], ...this.base]
  }

  /** Whether a handshake has to come before the first call. */
  get needsLogin(): boolean {
    return this.options.login !== undefined && this.authenticating === null
  }

  /** The metadata of a call. The same array for every call without headers of its own. */
  metadata(cache?: string, headers?: Readonly<Record<string, string>>): MetadataEntries {
    if (cache === undefined && headers === undefined) return this.base
    const own = headerEntries(headers)
    if (cache !== undefined) own.push(['cache-control', cache])
    // What a call says itself stands instead of what is said for every call.
    const names = new Set(own.map(([name]) => name))
    return [...this.base.filter(([name]) => !names.has(name)), ...own]
  }

  /** Exchanges name and password for a token, once for all who ask. Rejects with `AuthenticationError` too. */
  login(): Promise<void> {
    this.authenticating ??= this.handshake().catch((error) => {
      this.authenticating = null
      throw error
    })
    return this.authenticating
  }

  /** Makes the next call log in again; false when there is no login or no token to forget. */
  forgetLogin(): boolean {
    if (this.options.login === undefined || this.authenticating === null) return false
    this.authenticating = null
    return true
  }

  async close(graceMs?: number): Promise<void> {
    await Promise.all([this.transport.close(graceMs), this.locations.close(graceMs)])
  }

  private async handshake(): Promise<void> {
    const timeoutMs = this.options.connection?.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS
    const { token } = await handshake(this.transport, this.options.login!, {
      metadata: this.base,
      deadline: performance.now() + 2 * timeoutMs,
    })
    this.base = [['authorization', token], ...withoutAuthorization(this.base)]
  }
}

export interface Login {
  username: string
  password: string
}

export interface HandshakeResult {
  /** What to send as `authorization` from now on. */
  token: string
  payload: Uint8Array
}

/** Exchanges name and password for a token. Rejects with `AuthenticationError` when they are refused. */
export async function handshake(
  transport: Transport,
  login: Login,
  options: CollectOptions,
): Promise<HandshakeResult> {
  const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64')
  const { messages, headers, trailers } = await collect(transport, HANDSHAKE, encode(HandshakeRequest, {}), {
    ...options,
    metadata: [['authorization', `Basic ${basic}`], ...withoutAuthorization(options.metadata ?? [])],
  }).catch((error) => {
    throw (error instanceof RpcError && accessFailure(error)) || error
  })
  const payload = messages.length > 0 ? decode(HandshakeResponse, messages[0]).payload : new Uint8Array(0)
  const token = authorizationIn(headers) ?? authorizationIn(trailers)
  if (token === undefined && payload.length === 0) {
    throw new AuthenticationError('The Flight server took the handshake but gave no token')
  }
  return { token: token ?? `Bearer ${Buffer.from(payload).toString('latin1')}`, payload }
}

function withoutAuthorization(metadata: MetadataEntries): MetadataEntries {
  return metadata.filter(([name]) => name !== 'authorization')
}

function authorizationIn(metadata: Metadata | null): string | undefined {
  return metadata?.get('authorization')
}

function headerEntries(
  headers: Readonly<Record<string, string>> | undefined,
): Array<readonly [string, string]> {
  return Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
}
