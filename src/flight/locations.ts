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
  /** Whether a location led here, and not the user. */
  named: boolean
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
    this.homePlace = { transport: options.homeTransport, trusted: true, users: 0, named: false }
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
    let meansItself = false
    for (const uri of uris) {
      if (isReuse(uri)) return [this.homePlace]
      const named = this.addressOf(uri)
      if (named === null) continue
      // Servers that listen on every interface tend to announce just that.
      const everywhere = named.host === '0.0.0.0' || named.host === '::'
      const { home } = this.options
      const address = everywhere && home.port >= 0 ? { ...named, host: home.host } : named
      if (this.isHome(address)) return [this.homePlace]
      meansItself ||= everywhere
      addresses.push(address)
    }
    if (addresses.length === 0) {
      throw new UnsupportedError(`The result lies where this client cannot fetch it: ${uris.join(', ')}`)
    }
    const places = addresses.slice(0, MAX_ALTERNATIVES).map((address) => this.placeAt(address))
    // Its port may be another one from here, as with the mapped port of a container.
    return meansItself ? [...places, this.homePlace] : places
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
    // A socket file is on the server's machine.
    return address.port >= 0 || isLoopback(this.options.home) ? address : null
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
      place = { transport: open({ ...transportOptions, tls, address }), trusted, users: 0, named: true }
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
