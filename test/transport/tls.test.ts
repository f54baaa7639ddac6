import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { OptionsError } from '../../src/errors.ts'
import type { TlsOptions, Transport } from '../../src/transport/transport.ts'
import { collect, text } from '../native/collect.ts'
import { startGrpcServer } from '../native/grpc-server.ts'
import { transports } from '../support/transports.ts'

// A key pair made for these tests and used nowhere else, valid for localhost, 127.0.0.1 and ::1.
const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const key = fixture('test-only-key.pem')
const cert = fixture('test-only-cert.pem')

const cleanups: Array<() => unknown> = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  vi.restoreAllMocks()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  return (server.address() as AddressInfo).port
}

describe.each(Object.entries(transports))('TLS by the %s transport', (name, create) => {
  function connectTo(port: number, tls?: TlsOptions, host = '127.0.0.1'): Transport {
    const transport = create({ address: { secure: true, host, port }, tls })
    cleanups.unshift(() => transport.close())
    return transport
  }
  const ask = (transport: Transport) => collect(transport, 'Unary', Buffer.from('a'))

  test.each(['localhost', '127.0.0.1'])('calls go to %s with its certificate verified', async (host) => {
    const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }])
    const server = await startGrpcServer(
      { Unary: (call, done) => done(null, Buffer.concat([call.request, call.request])) },
      credentials,
    )
    cleanups.push(() => server.stop())
    const transport = connectTo(server.port, { ca: cert }, host)
    const { error, messages } = await collect(transport, 'Unary', Buffer.alloc(300_000, 5))
    expect(error).toBeNull()
    expect(messages[0].length).toBe(600_000)
    expect((await ask(transport)).messages.map(text)).toEqual(['aa'])
  })

  test.each<[string, TlsOptions]>([
    ['a certificate', { cert: 'no certificate' }],
    ['a key', { key: 'no key' }],
    ['a key without its passphrase', { cert, key, passphrase: 5 as unknown as string }],
  ])('%s that cannot be read is an OptionsError, for calls and connect()', async (_, tls) => {
    const transport = connectTo(9, tls)
    const { error } = await ask(transport)
    expect(error).toBeInstanceOf(OptionsError)
    expect(error?.message).toContain('option tls')
    await expect(transport.connect()).rejects.toBeInstanceOf(OptionsError)
  })

  test('a server that wants a certificate gets it', async () => {
    const credentials = ServerCredentials.createSsl(cert, [{ private_key: key, cert_chain: cert }], true)
    const server = await startGrpcServer({ Unary: (call, done) => done(null, call.request) }, credentials)
    cleanups.push(() => server.stop())
    expect((await ask(connectTo(server.port, { ca: cert, cert, key }))).messages.map(text)).toEqual(['a'])
    const { error } = await ask(connectTo(server.port, { ca: cert }))
    expect(error?.code).toMatch(/^CONNECTION_/)
    if (name === 'native') expect(error?.message).toContain('wants a certificate')
  })

  if (name === 'grpc-js') return

  test('a certificate nobody vouches for is refused with what to do', async () => {
    const port = await listen(createTlsServer({ key, cert, ALPNProtocols: ['h2'] }))
    const { error } = await ask(connectTo(port))
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(error?.message).toMatch(/self-signed certificate.*\); .* tls\.ca/)
  })

  test('a server that does not speak TLS is told from one that does not speak HTTP/2', async () => {
    const plain = createServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    expect((await ask(connectTo(await listen(plain)))).error?.message).toContain('does not speak TLS')
    const other = createTlsServer({ key, cert, ALPNProtocols: ['http/1.1'] })
    expect((await ask(connectTo(await listen(other), { ca: cert }))).error?.message).toContain('ALPN h2')
  })

  test('small writes do not wait for the answer to those before', async () => {
    const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }])
    const server = await startGrpcServer({ Unary: (call, done) => done(null, call.request) }, credentials)
    cleanups.push(() => server.stop())
    const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
    await connectTo(server.port, { ca: cert }).connect()
    const client = (setNoDelay.mock.contexts as Socket[]).find((socket) => socket.remotePort === server.port)
    expect(client).toBeDefined()
  })
})
