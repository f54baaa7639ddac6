import { formatFlightAddress, isLoopback, parseFlightUrl } from '../address.ts'
import { UnsupportedError } from '../errors.ts'
import type { FlightAddress, MetadataEntries, Transport, TransportOptions } from '../transport/transport.ts'

export interface LocationOptions {
  /** The server the user named. */
  home: FlightAddress
  homeTransport: Transport
  /** Further hosts the user named: they may see the credentials. */
  trustedHosts?: readonly string[]
  /** Credentials may go over plaintext to other hosts than loopback. */
  allowInsecure?: boolean
  transportOptions: Omit<TransportOptions, 'address'>
  open(options: TransportOptions): Transport
}

/** Where a ticket is to be fetched. */
export interface Place {
  transport: Transport
  /** Whether credentials and the user's headers may be sent there. */
  trusted: boolean
  /** Calls under way. */
  users: number
}

/** Places a server may name for one ticket; what it names beyond them is passed over. */
const MAX_ALTERNATIVES = 16
/** Connections to other places kept for the next result. */
const MAX_PLACES = 64

/**
 * Connections to the locations a FlightInfo names. A server decides these names, so they must not lead
 * credentials anywhere the user did not: other hosts get neither metadata nor a client certificate.
 */
export class Locations {
  private readonly options: LocationOptions
  private readonly homePlace: Place
  private readonly others = new Map<string, Place>()

  constructor(options: LocationOptions) {
    this.options = options
    this.homePlace = { transport: options.homeTransport, trusted: true, users: 0 }
  }

  get home(): Place {
    return this.homePlace
  }

  /**
   * The places that serve a ticket, best first. No location means the server that gave the ticket.
   * Throws `UnsupportedError` when none of the locations can be reached by this client.
   */
  placesFor(uris: readonly string[]): Place[] {
    if (uris.length === 0) return [this.homePlace]
    const addresses: FlightAddress[] = []
    for (const uri of uris) {
      if (isReuse(uri)) return [this.homePlace]
      const address = this.addressOf(uri)
      if (address === null) continue
      if (this.isHome(address)) return [this.homePlace]
      addresses.push(address)
    }
    if (addresses.length === 0) {
      throw new UnsupportedError(`The result lies where this client cannot fetch it: ${uris.join(', ')}`)
    }
    return addresses.slice(0, MAX_ALTERNATIVES).map((address) => this.placeAt(address))
  }

  async close(graceMs?: number): Promise<void> {
    const places = [...this.others.values()]
    this.others.clear()
    await Promise.all(places.map((place) => place.transport.close(graceMs)))
  }

  private addressOf(uri: string): FlightAddress | null {
    let address: FlightAddress
    try {
      address = parseFlightUrl(uri.replace(/\/+$/, ''), 'location')
    } catch {
      return null
    }
    const { home } = this.options
    // A socket file is on the server's machine.
    if (address.port < 0) return isLoopback(home) ? address : null
    // Servers that listen on every interface tend to announce just that.
    const unspecified = address.host === '0.0.0.0' || address.host === '::'
    return unspecified && home.port >= 0 ? { ...address, host: home.host } : address
  }

  private isHome(address: FlightAddress): boolean {
    const { home } = this.options
    return address.port === home.port && address.secure === home.secure && sameHost(address, home)
  }

  private placeAt(address: FlightAddress): Place {
    const key = formatFlightAddress(address)
    let place = this.others.get(key)
    if (place === undefined) {
      const { transportOptions, open } = this.options
      const trusted = this.isTrusted(address)
      const tls = trusted ? transportOptions.tls : transportOptions.tls && { ca: transportOptions.tls.ca }
      place = { transport: open({ ...transportOptions, tls, address }), trusted, users: 0 }
    }
    // What was used last comes last; a server whose places come and go must not fill the memory.
    this.others.delete(key)
    this.dropUnused(MAX_PLACES - 1)
    this.others.set(key, place)
    return place
  }

  private dropUnused(limit: number): void {
    for (const [key, place] of this.others) {
      if (this.others.size <= limit) return
      if (place.users > 0) continue
      this.others.delete(key)
      void place.transport.close()
    }
  }

  private isTrusted(address: FlightAddress): boolean {
    const { home, trustedHosts = [], allowInsecure = false } = this.options
    if (!address.secure && !isLoopback(address) && !allowInsecure) return false
    if (sameHost(address, home)) return true
    return trustedHosts.some((host) => host.toLowerCase() === address.host.toLowerCase())
  }
}

/** The standard's way to say: the connection this came over. */
function isReuse(uri: string): boolean {
  return uri === '' || uri.startsWith('arrow-flight-reuse-connection:')
}

function sameHost(a: FlightAddress, b: FlightAddress): boolean {
  return a.host.toLowerCase() === b.host.toLowerCase() || (isLoopback(a) && isLoopback(b))
}

/** Metadata for a place: all of it, or nothing where the user named no such host. */
export function metadataFor(place: Place, metadata: MetadataEntries): MetadataEntries {
  return place.trusted ? metadata : []
}
