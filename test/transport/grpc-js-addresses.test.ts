import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import type { TLSSocket } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import { flightServer } from '../support/flight-server.ts'
import { bytes, run, serve } from './grpc-js-call.ts'

describe('addresses of a grpc-js transport', () => {
  it('may be Unix sockets', async () => {
    const path = `${tmpdir()}/spice-sidecar-${process.pid}.sock`
    const server = await flightServer({ DoGet: (call) => call.send(bytes(3)) }, { bind: `unix:${path}` })
    const transport = createGrpcTransport({ address: { secure: false, host: path, port: -1 } })
    onTestFinished(() => server.kill())
    onTestFinished(() => transport.close())
    expect((await run(transport, bytes())).messages).toEqual([bytes(3)])
  })

  it('may be served over TLS, whose certificate is checked', async () => {
    const cert = readFileSync(new URL('../fixtures/test-only-cert.pem', import.meta.url))
    const key = readFileSync(new URL('../fixtures/test-only-key.pem', import.meta.url))
    const credentials = ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }])
    const server = await flightServer({ DoGet: (call) => call.send(bytes(4)) }, { credentials })
    onTestFinished(() => server.kill())
    const address = { secure: true, host: 'localhost', port: server.port }
    const trusting = createGrpcTransport({ address, tls: { ca: cert } })
    onTestFinished(() => trusting.close())
    expect((await run(trusting, bytes())).messages).toEqual([bytes(4)])
    const strict = createGrpcTransport({ address })
    onTestFinished(() => strict.close())
    const { error } = await run(strict, bytes())
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(error?.message).toMatch(/certificate/)
  })

  it('may be IP addresses over TLS, for which the certificate is checked and which are not sent as names', async () => {
    const cert = readFileSync(new URL('../fixtures/test-only-cert.pem', import.meta.url))
    const key = readFileSync(new URL('../fixtures/test-only-key.pem', import.meta.url))
    const named: Array<string | false> = []
    const server = createSecureServer({ cert, key }).on('sessionError', () => {})
    server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
      named.push(socket.servername ?? false)
    })
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const outcome = async (host: string) => {
      const transport = createGrpcTransport({ address: { secure: true, host, port }, tls: { ca: cert } })
      const error = await transport.connect().then(
        () => null,
        (reason) => reason,
      )
      await transport.close()
      return error
    }
    expect(await outcome('127.0.0.1')).toBe(null)
    expect(named).not.toContain('127.0.0.1')
    // The test certificate is for 127.0.0.1, ::1 and localhost.
    expect((await outcome('127.0.0.2'))?.message).toMatch(/127\.0\.0\.2.*tls\.servername/)
  })

  it('connect once for many calls, and again after the server is back', async () => {
    const { server, transport } = await serve({ DoGet: (call) => call.send(bytes(1)) })
    await Promise.all([transport.connect(), run(transport, bytes()), run(transport, bytes())])
    expect(transport.stats).toMatchObject({ connections: 1, calls: 2 })
    const { port } = server
    server.kill()
    const again = await flightServer({ DoGet: (call) => call.send(bytes(2)) }, { bind: `127.0.0.1:${port}` })
    onTestFinished(() => again.kill())
    let outcome = await run(transport, bytes())
    // The first call may still meet the old connection's end; it is told so, never run twice.
    while (outcome.error !== null) outcome = await run(transport, bytes())
    expect(outcome.messages).toEqual([bytes(2)])
    expect(transport.stats.connections).toBe(2)
  })
})
