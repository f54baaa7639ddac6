import { describe, expect, it } from 'vitest'
import { OptionsError } from '../../src/errors.ts'
import { DEFAULTS } from '../../src/options.ts'
import { resolveOptions } from '../../src/resolved-options.ts'

const env = {}

describe('options that can be used', () => {
  it('have defaults', () => {
    const options = resolveOptions({ env })
    expect(options).toMatchObject({
      http: null,
      flight: null,
      transport: 'auto',
      timeoutMs: DEFAULTS.timeoutMs,
    })
  })

  it.each([
    ['http://127.0.0.1:8090', { secure: false, host: '127.0.0.1', port: 8090, basePath: '' }],
    ['http://[::1]:8090/', { secure: false, host: '::1', port: 8090, basePath: '' }],
    [
      'https://spice.internal/runtime/',
      { secure: true, host: 'spice.internal', port: 443, basePath: '/runtime' },
    ],
    ['http://localhost', { secure: false, host: 'localhost', port: 80, basePath: '' }],
  ])('take %s as an HTTP address', (url, address) => {
    expect(resolveOptions(url, { env }).http).toEqual({ address, from: 'option httpUrl' })
    expect(resolveOptions({ httpUrl: new URL(url), env }).http?.address).toEqual(address)
  })

  it.each([
    ['grpc://127.0.0.1:50051', { secure: false, host: '127.0.0.1', port: 50051 }],
    ['grpc://[::1]', { secure: false, host: '::1', port: 50051 }],
    ['grpc+tcp://localhost:1', { secure: false, host: 'localhost', port: 1 }],
    ['grpc+tls://flight.example', { secure: true, host: 'flight.example', port: 443 }],
    ['unix:/run/spice.sock', { secure: false, host: '/run/spice.sock', port: -1 }],
    ['grpc+unix:///run/spice.sock', { secure: false, host: '/run/spice.sock', port: -1 }],
  ])('take %s as a Flight address', (url, address) => {
    expect(resolveOptions(url, { env }).flight).toEqual({ address, from: 'option flightUrl' })
  })

  it('take http and https for Flight when the option says so', () => {
    expect(resolveOptions({ flightUrl: 'http://localhost:50051', env }).flight?.address).toMatchObject({
      port: 50051,
    })
    expect(resolveOptions({ flightUrl: 'https://h:50051', env }).flight?.address).toMatchObject({
      secure: true,
    })
  })

  it('come from the environment where no option is given', () => {
    const variables = {
      SPICE_HTTP_URL: 'http://127.0.0.1:1',
      SPICE_FLIGHT_URL: 'grpc://127.0.0.1:2',
      SPICE_API_KEY: 'k',
    }
    const options = resolveOptions({ env: variables })
    expect(options.http).toMatchObject({ from: 'environment SPICE_HTTP_URL', address: { port: 1 } })
    expect(options.flight).toMatchObject({ from: 'environment SPICE_FLIGHT_URL', address: { port: 2 } })
    expect(options.apiKey).toBe('k')
  })

  it('of one runtime are not mixed with the address of another in the environment', () => {
    const variables = { SPICE_HTTP_URL: 'http://127.0.0.1:1', SPICE_FLIGHT_URL: 'grpc://127.0.0.1:2' }
    expect(resolveOptions('http://127.0.0.1:3', { env: variables }).flight).toBeNull()
    expect(resolveOptions('grpc://127.0.0.1:3', { env: variables }).http).toBeNull()
  })

  it('treat an empty environment variable as unset', () => {
    expect(resolveOptions({ env: { SPICE_HTTP_URL: '', SPICE_API_KEY: '' } })).toMatchObject({
      http: null,
      apiKey: undefined,
    })
  })

  it("complete Spice Cloud's two hosts", () => {
    const options = resolveOptions('https://data.spiceai.io', { apiKey: 'k', env })
    expect(options.cloud).toBe(true)
    expect(options.flight?.address).toEqual({ secure: true, host: 'flight.spiceai.io', port: 443 })
  })
})

describe('options that cannot be used', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'no URL',
      () => resolveOptions('nonsense', { env }),
      /option httpUrl: 'nonsense' is no URL; expected http:/,
    ],
    ['another scheme', () => resolveOptions('ftp://h', { env }), /option httpUrl: scheme ftp:/],
    ['no host', () => resolveOptions('http://:80', { env }), /names no valid host/],
    ['a port out of range', () => resolveOptions('http://h:70000', { env }), /port 70000/],
    ['a password', () => resolveOptions('http://u:p@h', { env }), /user or password; give the key as apiKey/],
    ['a query', () => resolveOptions('http://h?x=1', { env }), /query or fragment/],
    ['a path for Flight', () => resolveOptions('grpc://h:1/x', { env }), /has a path, Flight has none/],
    [
      'a bad URL in the environment',
      () => resolveOptions({ env: { SPICE_FLIGHT_URL: 'h:1' } }),
      /environment SPICE_FLIGHT_URL: 'h:1' is no URL/,
    ],
    [
      'a URL twice',
      () => resolveOptions('http://h', { httpUrl: 'http://i', env }),
      /a URL and option httpUrl/,
    ],
    ['an unknown key', () => resolveOptions({ timeout: 1 } as object), /option timeout is unknown/],
    ['a misspelt key', () => resolveOptions({ timeoutMS: 1 } as object), /did you mean timeoutMs\?/],
    [
      'a misspelt nested key',
      () => resolveOptions({ flight: { conections: 1 } } as object),
      /option flight.conections is unknown; did you mean flight.connections\?/,
    ],
    [
      'another transport',
      () => resolveOptions({ transport: 'grpc' } as object),
      /option transport: 'grpc' given, 'auto' \| 'flight' \| 'http' allowed/,
    ],
    [
      'a number as text',
      () => resolveOptions({ timeoutMs: '5' } as object),
      /option timeoutMs: '5' given, milliseconds/,
    ],
    [
      'more than a timer takes',
      () => resolveOptions({ readyTimeoutMs: 2 ** 31 }),
      /option readyTimeoutMs: 2147483648 given/,
    ],
    ['no time at all', () => resolveOptions({ timeoutMs: 0 }), /option timeoutMs: 0 given/],
    ['NaN', () => resolveOptions({ probeTimeoutMs: Number.NaN }), /NaN given/],
    ['an upper-case header', () => resolveOptions({ headers: { Accept: 'x' } }), /option headers/],
    ['a header with a line break', () => resolveOptions({ headers: { a: 'x\r\nb: c' } }), /option headers/],
    ['null', () => resolveOptions(null as never), /takes a URL or an options object/],
    [
      'HTTP asked for, Flight given',
      () => resolveOptions('grpc://127.0.0.1:1', { transport: 'http', env }),
      /needs an HTTP address/,
    ],
    [
      'TLS material for plaintext',
      () => resolveOptions('http://127.0.0.1:1', { tls: { ca: 'x' }, env }),
      /option tls: no address given uses TLS/,
    ],
    [
      'polling for longer than a query should take',
      () => resolveOptions('grpc://127.0.0.1:1', { flight: { busyPollMs: 101 }, env }),
      /flight\.busyPollMs: 101 given, milliseconds from 0 to 100 allowed/,
    ],
    [
      'polling with grpc-js',
      () => resolveOptions('grpc://127.0.0.1:1', { flight: { transport: 'grpc-js', busyPollMs: 1 }, env }),
      /flight\.busyPollMs: only flight\.transport 'native' can poll/,
    ],
    ['the cloud without a key', () => resolveOptions('https://data.spiceai.io', { env }), /needs an API key/],
  ])('%s', (_, resolve, message) => {
    expect(resolve).toThrow(OptionsError)
    expect(resolve).toThrow(message)
  })
})

describe('an API key in clear text', () => {
  it.each([
    'http://127.0.0.1:8090',
    'http://localhost:8090',
    'http://[::1]:8090',
    'grpc://127.8.8.8:1',
    'unix:/s',
  ])('may go to %s', (url) => {
    expect(resolveOptions(url, { apiKey: 'k', env }).apiKey).toBe('k')
  })

  it.each(['http://10.0.0.5:8090', 'grpc://spice.internal:50051', 'http://127.0.0.1.example.com'])(
    'may not go to %s',
    (url) => {
      expect(() => resolveOptions(url, { apiKey: 'k', env })).toThrow(/in clear text to another host/)
      expect(resolveOptions(url, { apiKey: 'k', allowInsecure: true, env }).apiKey).toBe('k')
    },
  )

  it('is not given beside a name and a password', () => {
    const flight = { login: { username: 'ann', password: '' } }
    expect(resolveOptions('grpc://127.0.0.1:1', { flight, env }).flightOptions.login).toBe(flight.login)
    expect(() => resolveOptions('grpc://127.0.0.1:1', { flight, apiKey: 'k', env })).toThrow(/flight\.login/)
    expect(() =>
      resolveOptions('grpc://127.0.0.1:1', { flight: { login: { username: 'ann' } as never }, env }),
    ).toThrow(/\{ username, password \} allowed/)
  })

  it('may not go as a header either', () => {
    const headers = { authorization: 'Basic eDp5', 'x-app': 'a' }
    expect(() => resolveOptions('grpc://10.0.0.5:1', { headers, env })).toThrow(
      /header authorization in clear/,
    )
    expect(resolveOptions('grpc://127.0.0.1:1', { headers, env }).headers).toBe(headers)
    expect(resolveOptions('grpc+tls://10.0.0.5:1', { headers, env }).headers).toBe(headers)
    expect(resolveOptions('grpc://10.0.0.5:1', { headers: { 'x-app': 'a' }, env }).headers).toBeDefined()
  })

  it('may not go from the environment to another host either', () => {
    const variables = { SPICE_API_KEY: 'k', SPICE_HTTP_URL: 'http://10.0.0.5:8090' }
    expect(() => resolveOptions({ env: variables })).toThrow(/environment SPICE_HTTP_URL/)
  })
})
