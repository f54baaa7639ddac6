import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConnectOptions, connect } from '../../src/index.ts'

// Each server is what a first attempt often points at by mistake.
const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const key = fixture('test-only-key.pem')
const cert = fixture('test-only-cert.pem')
const sockets = new Set<Socket>()
const servers: Server[] = []
let port: { http: number; http2: number; tls: number; tlsHttp2: number; alert: number; closing: number }

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  port = {
    http: await listen(createHttpServer((_, response) => response.end('hello'))),
    http2: await listen(createHttp2Server().on('sessionError', () => {}) as unknown as Server),
    tls: await listen(createHttpsServer({ key, cert }).on('tlsClientError', () => {}) as unknown as Server),
    tlsHttp2: await listen(
      createSecureServer({ key, cert }).on('tlsClientError', () => {}) as unknown as Server,
    ),
    // What rustls and OpenSSL answer to a client that does not speak TLS: an alert record.
    alert: await listen(createTcpServer((socket) => socket.end(Buffer.from('15030300020246', 'hex')))),
    closing: await listen(createTcpServer((socket) => socket.end())),
  }
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

const messageOf = async (options: ConnectOptions): Promise<string> => {
  const error = await connect({ env: {}, ...options }).then(
    () => new Error('connected'),
    (reason: Error) => reason,
  )
  expect(error).toMatchObject({ code: 'RUNTIME_NOT_FOUND' })
  // OpenSSL's own lines are for those who debug OpenSSL.
  expect(error.message).not.toMatch(/error:0A|\.c:\d+|Resolution note/)
  return error.message
}

describe('an HTTP address', () => {
  test('that is the Flight port', async () => {
    const message = await messageOf({ httpUrl: `http://127.0.0.1:${port.http2}` })
    expect(message).toMatch(/answers in HTTP\/2, .*flightUrl/)
  })

  test.each(['tls', 'alert'] as const)('without TLS for a server with TLS (%s)', async (server) => {
    expect(await messageOf({ httpUrl: `http://127.0.0.1:${port[server]}` })).toMatch(/TLS.*https:\/\//)
  })

  test('with TLS for a server without TLS', async () => {
    const message = await messageOf({ httpUrl: `https://127.0.0.1:${port.http}` })
    expect(message).toMatch(/does not speak TLS; the scheme without it is http:\/\//)
  })

  test('whose certificate nothing trusted has signed', async () => {
    const message = await messageOf({ httpUrl: `https://127.0.0.1:${port.tls}` })
    expect(message).toMatch(/certificate that cannot be verified \(.+\); .*tls\.ca/)
  })
})

describe.each(['native', 'grpc-js'] as const)('a Flight address, over %s,', (transport) => {
  const over = (flightUrl: string, options: ConnectOptions = {}) =>
    messageOf({ flightUrl, flight: { transport }, ...options })

  test('that is the HTTP port', async () => {
    expect(await over(`grpc://127.0.0.1:${port.http}`)).toMatch(/not gRPC|does not speak gRPC/)
    expect(await over(`grpc://127.0.0.1:${port.http}`)).toMatch(/is this the Flight port\?/)
  })

  test('with TLS for a server without TLS', async () => {
    expect(await over(`grpc+tls://127.0.0.1:${port.http2}`)).toMatch(/does not speak TLS; .*grpc:\/\//)
  })

  test('whose certificate nothing trusted has signed', async () => {
    expect(await over(`grpc+tls://127.0.0.1:${port.tlsHttp2}`)).toMatch(/cannot be verified.*tls\.ca/)
  })

  test('that speaks no HTTP/2 within TLS', async () => {
    const message = await over(`grpc+tls://localhost:${port.tls}`, { tls: { ca: cert } })
    expect(message).toMatch(/ALPN h2/)
  })
})

test('a Flight address without TLS for a server with TLS', async () => {
  for (const server of ['tls', 'alert', 'closing'] as const) {
    expect(await messageOf({ flightUrl: `grpc://127.0.0.1:${port[server]}` })).toMatch(/grpc\+tls:\/\//)
  }
})

test('how long was waited is said when startTimeoutMs was given', async () => {
  const message = await messageOf({ httpUrl: 'http://127.0.0.1:1', startTimeoutMs: 60 })
  expect(message).toMatch(/within 60 ms \(startTimeoutMs\)/)
})

test('a proxy that closes while the server behind it starts is waited for', async () => {
  let connections = 0
  const proxied = createTcpServer((socket) => {
    connections++
    socket.end()
  })
  const error = await connect({
    flightUrl: `grpc://127.0.0.1:${await listen(proxied)}`,
    startTimeoutMs: 150,
    env: {},
  }).catch((reason) => reason)
  expect(error.code).toBe('RUNTIME_NOT_FOUND')
  expect(connections).toBeGreaterThan(1)
})

test('a signal that has fired already ends connecting', async () => {
  const signal = AbortSignal.abort()
  for (const url of [`http://127.0.0.1:${port.http}`, `grpc://127.0.0.1:${port.closing}`]) {
    await expect(connect(url, { signal, env: {} })).rejects.toMatchObject({ code: 'ABORTED' })
  }
})
