import { readFileSync } from 'node:fs'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import type { TLSSocket } from 'node:tls'
import { Metadata, ServerCredentials } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { AbortError, type SidecarError } from '../../src/errors.ts'
import { encodeFlightData } from '../../src/flight/flight-data.ts'
import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import type {
  Call,
  CallOptions,
  Metadata as ReceivedMetadata,
  Transport,
  TransportOptions,
} from '../../src/transport/transport.ts'
import { type FlightScript, flightServer, Refusal } from '../support/flight-server.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const PATH = '/arrow.flight.protocol.FlightService/DoGet'
const open: Array<() => unknown> = []

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function serve(script: FlightScript, options: Partial<TransportOptions> = {}) {
  const server = await flightServer(script)
  const transport = createGrpcTransport({ address: server.address, ...options })
  open.push(
    () => server.kill(),
    () => transport.close(),
  )
  return { server, transport }
}

function to(port: number, options: Partial<TransportOptions> = {}): Transport {
  const transport = createGrpcTransport({ address: { secure: false, host: '127.0.0.1', port }, ...options })
  open.push(() => transport.close())
  return transport
}

interface Outcome {
  messages: Uint8Array[]
  headers: ReceivedMetadata | null
  error: SidecarError | null
  trailers: ReceivedMetadata
}

function run(
  transport: Transport,
  request: Uint8Array | null,
  options: CallOptions = {},
  onCall?: (call: Call) => void,
) {
  return new Promise<Outcome>((resolve) => {
    const messages: Uint8Array[] = []
    let headers: ReceivedMetadata | null = null
    const call = transport.start(
      PATH,
      request,
      {
        onHeaders: (metadata) => {
          headers = metadata
        },
        onMessage: (message) => messages.push(message),
        onEnd: (error, trailers) => resolve({ messages, headers, error, trailers }),
      },
      options,
    )
    onCall?.(call)
  })
}

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('a call over grpc-js', () => {
  it('streams responses and carries metadata both ways', async () => {
    const { server, transport } = await serve({
      async DoGet(call) {
        const headers = new Metadata()
        headers.add('x-cache', 'Miss')
        headers.add('blob-bin', Buffer.from([9, 8]))
        call.sendHeaders(headers)
        const request = await call.receive()
        await call.send(request!)
        await call.send(bytes(2))
      },
    })
    const outcome = await run(transport, bytes(1), {
      metadata: [
        ['x-one', 'a'],
        ['raw-bin', bytes(0, 255)],
      ],
    })
    expect(outcome.error).toBeNull()
    expect(outcome.messages).toEqual([bytes(1), bytes(2)])
    expect(outcome.headers?.get('x-cache')).toBe('Miss')
    expect([...outcome.headers!.getBinary('blob-bin')!]).toEqual([9, 8])
    expect(server.metadata[0].get('x-one')).toEqual(['a'])
    expect([...(server.metadata[0].get('raw-bin')[0] as Buffer)]).toEqual([0, 255])
    expect(transport.stats).toMatchObject({ calls: 1, connections: 1 })
  })

  it('sends many messages and reports when there is room again', async () => {
    let received = 0
    const { transport } = await serve({
      async DoGet(call) {
        for (const message of await call.receiveAll()) received += message.length
      },
    })
    const chunk = new Uint8Array(300_000)
    let left = 20
    let stalls = 0
    await new Promise<void>((resolve, reject) => {
      const fill = (): void => {
        while (left > 0) {
          left--
          if (!call.write(chunk)) {
            stalls++
            return
          }
        }
        call.end()
      }
      const call = transport.start(PATH, null, {
        onMessage() {},
        onEnd: (error) => (error ? reject(error) : resolve()),
        onDrain: fill,
      })
      fill()
    })
    expect(received).toBe(6_000_000)
    expect(stalls).toBeGreaterThan(1)
  })

  it('stops the server while paused and goes on when resumed', async () => {
    const total = 400
    let sent = 0
    const { transport } = await serve(
      {
        async DoGet(call) {
          for (; sent < total; sent++) await call.send(new Uint8Array(100_000))
        },
      },
      { streamWindowBytes: 1024 * 1024 },
    )
    let received = 0
    let call!: Call
    let pausedAt: (() => void) | null = null
    const paused = new Promise<void>((resolve) => {
      pausedAt = resolve
    })
    const ended = new Promise<SidecarError | null>((resolve) => {
      call = transport.start(PATH, bytes(), {
        onMessage() {
          if (++received === 5) {
            call.pause()
            pausedAt?.()
          }
        },
        onEnd: resolve,
      })
    })
    await paused
    // Once the windows are full nothing moves any more: two looks apart see the same count.
    let before = -1
    while (before !== sent) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(sent).toBeLessThan(total / 2)
    expect(received).toBeLessThanOrEqual(6)
    call.resume()
    expect(await ended).toBeNull()
    expect(received).toBe(total)
  })

  it('puts a batch body where typed arrays can lie over it', async () => {
    const message = encodeFlightData({ header: new Uint8Array(201), body: new Uint8Array(64).fill(7) })
    const { transport } = await serve({ DoGet: (call) => call.send(message) })
    const outcome = await run(transport, bytes(), { alignAt: (_bytes, _start, _end, length) => length - 64 })
    const [received] = outcome.messages
    expect(received).toEqual(message)
    expect((received.byteOffset + received.length - 64) % 64).toBe(0)
  })
})

describe('a call over grpc-js fails', () => {
  it('with the status, the words and the trailers of the server', async () => {
    const trailers = new Metadata()
    trailers.add('spiceai-retryable', '1')
    const { transport } = await serve({
      DoGet() {
        throw new Refusal('INVALID_ARGUMENT', 'no table called "ä"', trailers)
      },
    })
    const { error } = await run(transport, bytes())
    expect(error).toMatchObject({
      code: 'RPC_FAILED',
      status: 'INVALID_ARGUMENT',
      details: 'no table called "ä"',
      unprocessed: false,
    })
    expect((error as unknown as { metadata: ReceivedMetadata }).metadata.get('spiceai-retryable')).toBe('1')
  })

  it('with ConnectionError when nothing listens, naming the address and the reason', async () => {
    const probe = createTcpServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const transport = to(port)
    const { error } = await run(transport, bytes())
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(error?.message).toMatch(new RegExp(`127.0.0.1:${port}.*ECONNREFUSED`))
    expect(transport.stats).toMatchObject({ calls: 0, connections: 0 })
    await expect(to(port).connect()).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('with TimeoutError when the peer accepts and never answers', async () => {
    const mute = createTcpServer().listen(0, '127.0.0.1')
    open.push(() => mute.close())
    await new Promise((resolve) => mute.once('listening', resolve))
    const transport = to((mute.address() as AddressInfo).port, { connectTimeoutMs: 50 })
    const { error } = await run(transport, bytes())
    expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 50, unprocessed: true })
    await expect(transport.connect()).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('with ConnectionError when the connection is reset during the stream', async () => {
    const { server } = await serve({
      async DoGet(call) {
        await call.send(bytes(1))
        await call.cancelled
      },
    })
    const proxy = await new TcpProxy(server.port).listen()
    open.push(() => proxy.close())
    const outcome = await new Promise<SidecarError | null>((resolve) => {
      to(proxy.port).start(PATH, bytes(), { onMessage: () => proxy.sever(), onEnd: resolve })
    })
    expect(outcome).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
  })

  it('with ProtocolError when the response ends without a status', async () => {
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.end(Buffer.from([0, 0, 0, 0, 1, 42]))
    })
    server.listen(0, '127.0.0.1')
    open.push(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { error } = await run(to((server.address() as AddressInfo).port), bytes())
    expect(error).toMatchObject({ code: 'PROTOCOL' })
  })

  it('with TimeoutError at its deadline, which the server is told', async () => {
    let told = 0
    const { transport } = await serve({
      async DoGet(call) {
        told = call.deadline.getTime() - Date.now()
        await call.cancelled
      },
    })
    await transport.connect()
    const { error } = await run(transport, bytes(), { deadline: performance.now() + 150 })
    expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 150 })
    expect(told).toBeGreaterThan(0)
    expect(told).toBeLessThanOrEqual(151)
    const late = await run(transport, bytes(), { deadline: performance.now() - 1 })
    expect(late.error).toMatchObject({ code: 'TIMEOUT', unprocessed: true })
  })

  it('with AbortError when its signal fires or it is cancelled, and the server learns of it', async () => {
    const cancelled: Array<Promise<void>> = []
    const { transport } = await serve({
      async DoGet(call) {
        cancelled.push(call.cancelled)
        await call.send(bytes(1))
        await call.cancelled
      },
    })
    const controller = new AbortController()
    const first = new Promise<SidecarError | null>((resolve) => {
      transport.start(
        PATH,
        bytes(),
        { onMessage: () => controller.abort('enough'), onEnd: resolve },
        { signal: controller.signal },
      )
    })
    expect(await first).toMatchObject({ code: 'ABORTED', cause: 'enough' })
    const second = new Promise<SidecarError | null>((resolve) => {
      const call = transport.start(PATH, bytes(), {
        onMessage: () => call.cancel(new AbortError('cancelled by test')),
        onEnd: resolve,
      })
    })
    expect(await second).toMatchObject({ message: 'cancelled by test' })
    await Promise.all(cancelled)
    expect(cancelled).toHaveLength(2)
    const aborted = await run(transport, bytes(), { signal: AbortSignal.abort() })
    expect(aborted.error).toMatchObject({ code: 'ABORTED', unprocessed: true })
  })

  it('with LimitError for a message over the limit, and the next call works', async () => {
    const { transport } = await serve({ DoGet: (call) => call.send(new Uint8Array(5000)) })
    expect((await run(transport, bytes(), { maxMessageBytes: 4999 })).error?.code).toBe('LIMIT_EXCEEDED')
    expect((await run(transport, bytes())).error).toBeNull()
    const limited = await serve(
      { DoGet: (call) => call.send(new Uint8Array(5000)) },
      { maxMessageBytes: 1000 },
    )
    expect((await run(limited.transport, bytes())).error?.code).toBe('LIMIT_EXCEEDED')
  })

  it('for metadata that cannot be sent, without touching the connection', async () => {
    const { server, transport } = await serve({ DoGet() {} })
    const { error } = await run(transport, bytes(), { metadata: [['x', 'line\nbreak']] })
    expect(error).not.toBeNull()
    expect((await run(transport, bytes())).error).toBeNull()
    expect(server.calls).toHaveLength(1)
  })
})

describe('closing a grpc-js transport', () => {
  it('ends what is under way, refuses what comes later and leaves nothing open', async () => {
    const { server, transport } = await serve({
      async DoGet(call) {
        await call.send(bytes(1))
        await call.cancelled
      },
    })
    const ended = new Promise<SidecarError | null>((resolve) => {
      transport.start(PATH, bytes(), { onMessage: () => void transport.close(), onEnd: resolve })
    })
    expect(await ended).toMatchObject({ code: 'CLOSED', unprocessed: false })
    expect((await run(transport, bytes())).error).toMatchObject({ code: 'CLOSED', unprocessed: true })
    await expect(transport.connect()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(server.calls).toHaveLength(1)
  })

  it('waits for what is under way within its grace', async () => {
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { transport } = await serve({
      async DoGet(call) {
        await call.send(bytes(1))
        await released
        await call.send(bytes(2))
      },
    })
    const outcome = new Promise<[number, SidecarError | null]>((resolve) => {
      let count = 0
      transport.start(PATH, bytes(), {
        onMessage() {
          if (++count === 1) {
            closing = transport.close(10_000)
            release()
          }
        },
        onEnd: (error) => resolve([count, error]),
      })
    })
    let closing: Promise<void> | undefined
    expect(await outcome).toEqual([2, null])
    await closing
  })
})

describe('addresses of a grpc-js transport', () => {
  it('may be Unix sockets', async () => {
    const path = `${tmpdir()}/spice-sidecar-${process.pid}.sock`
    const server = await flightServer({ DoGet: (call) => call.send(bytes(3)) }, { bind: `unix:${path}` })
    const transport = createGrpcTransport({ address: { secure: false, host: path, port: -1 } })
    open.push(
      () => server.kill(),
      () => transport.close(),
    )
    expect((await run(transport, bytes())).messages).toEqual([bytes(3)])
  })

  it('may be served over TLS, whose certificate is checked', async () => {
    const cert = readFileSync(new URL('../fixtures/test-only-cert.pem', import.meta.url))
    const key = readFileSync(new URL('../fixtures/test-only-key.pem', import.meta.url))
    const credentials = ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }])
    const server = await flightServer({ DoGet: (call) => call.send(bytes(4)) }, { credentials })
    open.push(() => server.kill())
    const address = { secure: true, host: 'localhost', port: server.port }
    const trusting = createGrpcTransport({ address, tls: { ca: cert } })
    open.push(() => trusting.close())
    expect((await run(trusting, bytes())).messages).toEqual([bytes(4)])
    const strict = createGrpcTransport({ address })
    open.push(() => strict.close())
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
    open.push(() => server.close())
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
    open.push(() => again.kill())
    let outcome = await run(transport, bytes())
    // The first call may still meet the old connection's end; it is told so, never run twice.
    while (outcome.error !== null) outcome = await run(transport, bytes())
    expect(outcome.messages).toEqual([bytes(2)])
    expect(transport.stats.connections).toBe(2)
  })
})
