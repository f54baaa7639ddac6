import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Metadata } from '@grpc/grpc-js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AbortError, type SidecarError } from '../../src/errors.ts'
import type { Metadata as ReceivedMetadata } from '../../src/transport/transport.ts'
import { Refusal } from '../support/flight-server.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { bytes, PATH, run, serve, transportTo } from './grpc-js-call.ts'

const loopback = (port: number) => ({ secure: false, host: '127.0.0.1', port })

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
    const transport = transportTo(loopback(port))
    const { error } = await run(transport, bytes())
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(error?.message).toMatch(new RegExp(`127.0.0.1:${port}.*ECONNREFUSED`))
    expect(transport.stats).toMatchObject({ calls: 0, connections: 0 })
    await expect(transportTo(loopback(port)).connect()).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('with TimeoutError when the peer accepts and never answers', async () => {
    const mute = createTcpServer().listen(0, '127.0.0.1')
    onTestFinished(() => void mute.close())
    await new Promise((resolve) => mute.once('listening', resolve))
    const transport = transportTo(loopback((mute.address() as AddressInfo).port), { connectTimeoutMs: 50 })
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
    onTestFinished(() => proxy.close())
    const outcome = await new Promise<SidecarError | null>((resolve) => {
      transportTo(loopback(proxy.port)).start(PATH, bytes(), {
        onMessage: () => proxy.sever(),
        onEnd: resolve,
      })
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
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { error } = await run(transportTo(loopback((server.address() as AddressInfo).port)), bytes())
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
