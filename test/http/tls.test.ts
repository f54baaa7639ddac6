import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HttpClient } from '../../src/http/http-client.ts'
import type { TlsOptions } from '../../src/transport/transport.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url))
const cert = fixture('test-only-cert.pem')

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** An HTTPS server that answers with the `Host` it was asked for, and a client of it. */
async function pair(host: string, tls: TlsOptions) {
  const server = createServer({ key: fixture('test-only-key.pem'), cert }, (request, response) => {
    response.end(request.headers.host)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new HttpClient({
    address: { secure: true, host, port, basePath: '' },
    tls,
    userAgent: 'test',
    connections: 2,
    connectTimeoutMs: 2_000,
    maxResponseBytes: 1_000,
  })
  open.push(
    () => server.close(),
    () => client.close(),
  )
  return { client, port }
}

describe('a request over TLS', () => {
  it.each<[string, TlsOptions]>([
    ['localhost', { ca: cert }],
    ['127.0.0.1', { ca: cert }],
    ['127.0.0.1', { ca: cert, servername: 'localhost' }],
  ])('to %s with %o', async (host, tls) => {
    const { client, port } = await pair(host, tls)
    const { body } = await client.request({ method: 'GET', path: '/' })
    expect(body.toString()).toBe(`${host}:${port}`)
  })

  it.each<[string, string, TlsOptions]>([
    ['nobody vouches for the certificate', 'localhost', {}],
    ['the certificate is not for the name asked for', 'localhost', { ca: cert, servername: 'other.example' }],
  ])('is not sent when %s', async (_, host, tls) => {
    const { client } = await pair(host, tls)
    await expect(client.request({ method: 'GET', path: '/' })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      unprocessed: true,
    })
  })
})
