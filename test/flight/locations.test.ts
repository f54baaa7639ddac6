import { describe, expect, it } from 'vitest'
import { formatFlightAddress, parseFlightUrl } from '../../src/address.ts'
import { type LocationOptions, Locations, metadataFor } from '../../src/flight/locations.ts'
import type { Transport, TransportOptions } from '../../src/transport/transport.ts'

/** Locations whose transports are never used, only recorded. */
function locationsFrom(home: string, options: Partial<LocationOptions> = {}) {
  const opened: TransportOptions[] = []
  const closed: TransportOptions[] = []
  const homeTransport = {} as Transport
  const locations = new Locations({
    home: parseFlightUrl(home, 'test'),
    homeTransport,
    transportOptions: { tls: { ca: 'authority', cert: 'mine', key: 'secret', servername: 'home' } },
    open: (transportOptions) => {
      opened.push(transportOptions)
      return { close: async () => void closed.push(transportOptions) } as unknown as Transport
    },
    ...options,
  })
  return { locations, opened, closed, homeTransport }
}

describe('the place of a ticket', () => {
  it.each([
    ['no location', []],
    ['an empty one', ['']],
    ['the reuse scheme', ['arrow-flight-reuse-connection://?']],
    ['the reuse scheme among others', ['grpc://b:1', 'arrow-flight-reuse-connection://']],
    ['the same address', ['grpc://127.0.0.1:50051']],
    ['the same address with a slash', ['grpc+tcp://127.0.0.1:50051/']],
    ['another name of loopback', ['grpc://localhost:50051']],
    ['every interface', ['grpc://0.0.0.0:50051']],
  ])('is the server itself for %s', (_what, uris) => {
    const { locations, opened, homeTransport } = locationsFrom('grpc://127.0.0.1:50051')
    const [place] = locations.placesFor(uris)
    expect(place.transport).toBe(homeTransport)
    expect(opened).toEqual([])
  })

  it('is the server itself in the end when it names every interface at a port that is not its own from here', () => {
    const { locations, opened, homeTransport } = locationsFrom('grpc://10.0.0.5:15051')
    const places = locations.placesFor(['grpc://0.0.0.0:50051'])
    expect(opened.map((options) => formatFlightAddress(options.address))).toEqual(['grpc://10.0.0.5:50051'])
    expect(places).toHaveLength(2)
    expect(places[1].transport).toBe(homeTransport)
  })

  it('is connected once for many tickets', () => {
    const { locations, opened } = locationsFrom('grpc://127.0.0.1:50051')
    const [first] = locations.placesFor(['grpc://10.0.0.1:1'])
    const [second] = locations.placesFor(['grpc+tcp://10.0.0.1:1'])
    expect(first).toBe(second)
    expect(opened.map((options) => formatFlightAddress(options.address))).toEqual(['grpc://10.0.0.1:1'])
  })

  it('is given up for others when it was not used for long, unless it is in use', () => {
    const { locations, opened, closed } = locationsFrom('grpc://127.0.0.1:50051')
    const at = (i: number) => locations.placesFor([`grpc://10.0.0.1:${i}`])[0]
    at(1).users++
    for (let i = 2; i <= 64; i++) at(i)
    at(2)
    expect(closed).toEqual([])
    at(65)
    at(66)
    expect(closed.map((options) => options.address.port)).toEqual([3, 4])
    expect(opened).toHaveLength(66)
  })

  it('is one of a few, however many are named', () => {
    const { locations } = locationsFrom('grpc://127.0.0.1:50051')
    const uris = Array.from({ length: 5000 }, (_, i) => `grpc://10.0.0.1:${i + 1}`)
    expect(locations.placesFor(uris)).toHaveLength(16)
  })

  it('is a socket file only next to a server on this machine', () => {
    const local = locationsFrom('grpc://127.0.0.1:50051')
    expect(local.locations.placesFor(['grpc+unix:///tmp/x.sock'])).toHaveLength(1)
    expect(local.opened[0].address).toEqual({ secure: false, host: '/tmp/x.sock', port: -1 })
    const remote = locationsFrom('grpc+tls://runtime.example:443')
    expect(() => remote.locations.placesFor(['grpc+unix:///tmp/x.sock'])).toThrow(/cannot fetch/)
  })
})

describe('credentials', () => {
  const bearer = [['authorization', 'Bearer secret']] as const

  it.each([
    ['another host', 'grpc+tls://runtime.example:443', 'grpc+tls://evil.example:443', {}, false],
    ['another port of the host', 'grpc+tls://runtime.example:443', 'grpc+tls://runtime.example:9', {}, true],
    ['the host without TLS', 'grpc+tls://runtime.example:443', 'grpc://runtime.example:9', {}, false],
    [
      'the host without TLS if allowed',
      'grpc+tls://runtime.example:443',
      'grpc://runtime.example:9',
      { allowInsecure: true },
      true,
    ],
    [
      'a host the user named',
      'grpc+tls://runtime.example:443',
      'grpc+tls://Other.example:443',
      { trustedHosts: ['other.example'] },
      true,
    ],
    ['another port on loopback', 'grpc://127.0.0.1:1', 'grpc://localhost:2', {}, true],
    ['a host from loopback', 'grpc://127.0.0.1:1', 'grpc://10.0.0.1:2', {}, false],
    ['a lookalike host', 'grpc+tls://a.example:443', 'grpc+tls://a.example.evil.example:443', {}, false],
  ])('for %s', (_what, home, uri, options, sent) => {
    const { locations, opened } = locationsFrom(home, options)
    const [place] = locations.placesFor([uri])
    expect(metadataFor(place, bearer)).toEqual(sent ? bearer : [])
    expect(opened[0].tls).toEqual(
      sent ? { ca: 'authority', cert: 'mine', key: 'secret', servername: 'home' } : { ca: 'authority' },
    )
  })
})
