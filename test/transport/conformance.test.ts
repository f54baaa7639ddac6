import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AbortError, ClosedError, LimitError, ProtocolError, TimeoutError } from '../../src/errors.ts'
import { RpcError } from '../../src/transport/rpc-error.ts'
import type { Call, Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from '../native/collect.ts'
import { transports } from '../support/transports.ts'
import { type ConformanceServer, FAILURE, PIECE_BYTES, startGrpcJsServer } from './conformance-server.ts'
import { startHttp2GrpcServer } from './http2-grpc-server.ts'

const MIB = 1024 * 1024
const EMPTY = new Uint8Array()

const servers = { 'grpc-js': startGrpcJsServer, 'node:http2': startHttp2GrpcServer }
const pairs = Object.entries(transports).flatMap(([client, create]) =>
  Object.entries(servers).map(([peer, start]) => ({ client, create, peer, start })),
)

let server: ConformanceServer
let transport: Transport

afterEach(async () => {
  await transport.close()
  await server.stop()
})

describe.each(pairs)('$client transport, $peer server', ({ create, start }) => {
  const connect = (options: Partial<TransportOptions> = {}) => {
    transport = create({ address: { secure: false, host: '127.0.0.1', port: server.port }, ...options })
  }
  beforeEach(async () => {
    server = await start()
    connect()
  })

  test('a unary call brings its message and metadata of both kinds, both ways', async () => {
    const { error, messages, headers, trailers } = await collect(transport, 'Unary', Buffer.from('hello'), {
      metadata: [
        ['greeting', 'good day'],
        ['blob-bin', new Uint8Array([0, 255, 7])],
      ],
    })
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['hello'])
    expect(headers?.get('echo')).toBe('good day')
    expect([...headers!.getBinary('echo-bin')!]).toEqual([0, 255, 7])
    expect(trailers.get('done')).toBe('yes')
    expect([...trailers.getBinary('trace-bin')!]).toEqual([1, 2, 255])
    expect(transport.stats).toMatchObject({ calls: 1, connections: 1 })
  })

  test('a server stream brings its messages in order, the empty and the large', async () => {
    const sizes = [0, 1, 5_000, 8 * MIB, 0, 70_000]
    const request = Buffer.from(JSON.stringify(sizes))
    const { error, messages } = await collect(transport, 'ServerStream', request)
    expect(error).toBeNull()
    expect(messages.map(({ length }) => length)).toEqual(sizes)
    for (const message of messages) expect(message.every((byte) => byte === message.length % 251)).toBe(true)
  })

  test('a client stream is sent whole, asking for patience when it outruns the peer', async () => {
    const outcome = await collect(transport, 'ClientStream', null, {}, (call) => {
      for (let i = 0; i < 50; i++) call.write(Buffer.alloc(100_000))
      call.write(EMPTY)
      call.end()
    })
    expect(outcome.error).toBeNull()
    expect(outcome.messages.map(text)).toEqual(['51 messages, 5000000 bytes'])
  })

  test('a full send buffer says so, and onDrain when there is room again', async () => {
    let drained = 0
    const error = await new Promise((resolve) => {
      const call = transport.start('/test.Test/ClientStream', null, {
        onMessage: () => {},
        onEnd: resolve,
        onDrain: () => {
          drained++
          call.end()
        },
      })
      for (let i = 0; i < 100 && call.write(Buffer.alloc(100_000)); i++) {}
    })
    expect(error).toBeNull()
    expect(drained).toBe(1)
  })

  test('both directions go on at once: each answer comes before the next question', async () => {
    const answers: string[] = []
    const error = await new Promise((resolve) => {
      const call = transport.start('/test.Test/Bidi', null, {
        onMessage: (message) => {
          answers.push(text(message)!)
          if (answers.length < 20) call.write(Buffer.from(`question ${answers.length}`))
          else call.end()
        },
        onEnd: resolve,
      })
      call.write(Buffer.from('question 0'))
    })
    expect(error).toBeNull()
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `question ${i}`))
  })

  test('a large message goes and comes', async () => {
    const { error, messages } = await collect(transport, 'Unary', Buffer.alloc(8 * MIB, 3))
    expect(error).toBeNull()
    expect(messages[0].length).toBe(8 * MIB)
  })

  test('a message above maxMessageBytes is a LimitError, and the next call works', async () => {
    const request = Buffer.from('[100, 5001]')
    const { error, messages } = await collect(transport, 'ServerStream', request, { maxMessageBytes: 5000 })
    expect(error).toBeInstanceOf(LimitError)
    expect(messages.map(({ length }) => length)).toEqual([100])
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
  })

  test('a failure has its status, message and details', async () => {
    const { error, messages } = await collect(transport, 'Fail', EMPTY)
    expect(messages).toEqual([])
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({
      status: 'FAILED_PRECONDITION',
      details: FAILURE.details,
      unprocessed: false,
    })
    const details = (error as RpcError).metadata.getBinary('grpc-status-details-bin')
    expect([...details!]).toEqual([...FAILURE.statusDetails])
  })

  test('a failure after messages comes after them', async () => {
    const { error, messages } = await collect(transport, 'FailLate', EMPTY)
    expect(messages.map(text)).toEqual(['before'])
    expect(error).toMatchObject({ status: 'FAILED_PRECONDITION', details: FAILURE.details })
  })

  test('a deadline is sent, ends the call here, and the peer hears of it', async () => {
    await collect(transport, 'Unary', EMPTY)
    const { error } = await collect(transport, 'Silent', EMPTY, { deadline: performance.now() + 200 })
    expect(error).toBeInstanceOf(TimeoutError)
    expect(server.seen.timeouts[0]).toBeUndefined()
    expect(server.seen.timeouts[1]).toBeDefined()
    await vi.waitFor(() => expect(server.seen.cancelled).toContain('Silent'))
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
  })

  test('a cancelled and an aborted call end at once, and the peer hears of both', async () => {
    await transport.connect()
    const abort = new AbortController()
    const reason = new AbortError('no longer wanted')
    const cancelled = new Promise((resolve) => {
      const call = transport.start('/test.Test/Endless', EMPTY, {
        onMessage: () => call.cancel(reason),
        onEnd: resolve,
      })
    })
    expect(await cancelled).toBe(reason)
    const aborted = new Promise((resolve) => {
      const handler = { onMessage: () => abort.abort(new Error('enough')), onEnd: resolve }
      transport.start('/test.Test/Endless', EMPTY, handler, { signal: abort.signal })
    })
    expect(await aborted).toBeInstanceOf(AbortError)
    await vi.waitFor(() => expect(server.seen.cancelled).toEqual(['Endless', 'Endless']))
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
  })

  test('one signal serves many calls without a warning', async () => {
    const warnings: string[] = []
    const onWarning = ({ message }: Error) => warnings.push(message)
    process.on('warning', onWarning)
    const abort = new AbortController()
    const calls = Array.from({ length: 50 }, () =>
      collect(transport, 'Silent', EMPTY, { signal: abort.signal }),
    )
    abort.abort()
    for (const { error } of await Promise.all(calls)) expect(error).toBeInstanceOf(AbortError)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    expect(warnings.filter((message) => message.includes('abort listeners'))).toEqual([])
  })

  test('a paused call holds its server back, while others of the connection go on', async () => {
    await transport.close()
    connect({ streamWindowBytes: MIB, connections: 1 })
    let received = 0
    let wanted = 10
    let reached = () => {}
    let call: Call | undefined
    const first = new Promise<void>((resolve) => {
      reached = resolve
    })
    const ended = new Promise((resolve) => {
      call = transport.start('/test.Test/Endless', EMPTY, {
        onMessage: () => {
          if (++received !== wanted) return
          call!.pause()
          reached()
        },
        onEnd: resolve,
      })
    })
    await first
    // The server has stopped when many other calls come and go without another byte written.
    let before = -1
    for (let round = 0; round < 100 && server.seen.written !== before; round++) {
      before = server.seen.written
      for (let i = 0; i < 20; i++)
        expect((await collect(transport, 'Unary', Buffer.from('x'))).error).toBeNull()
    }
    expect(server.seen.written).toBe(before)
    expect(received).toBe(10)
    expect(server.seen.written).toBeLessThan(10 * PIECE_BYTES + 4 * MIB)
    const more = new Promise<void>((resolve) => {
      wanted = 200
      reached = resolve
    })
    call!.resume()
    await more
    call!.cancel(new AbortError('enough'))
    expect(await ended).toBeInstanceOf(AbortError)
  })

  test('a hundred calls in flight on one connection keep their answers apart', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => collect(transport, 'Unary', Buffer.from(`call ${i}`))),
    )
    expect(outcomes.map(({ messages }) => messages.map(text))).toEqual(outcomes.map((_, i) => [`call ${i}`]))
  })

  test('close() ends what is under way, refuses what comes, and leaves no handle', async () => {
    const handles = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
    await vi.waitFor(() => expect(handles()).toBe(0))
    await transport.connect()
    const pending = collect(transport, 'Silent', EMPTY)
    await vi.waitFor(() => expect(server.seen.timeouts).toHaveLength(1))
    expect(handles()).toBeGreaterThan(0)
    await transport.close()
    expect((await pending).error).toBeInstanceOf(ClosedError)
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeInstanceOf(ClosedError)
    // The server's half of the connection is in this process too.
    await vi.waitFor(() => expect(handles()).toBe(0))
  })
})

describe.each(Object.entries(transports))('%s transport, a node:http2 server that is wrong', (_, create) => {
  beforeEach(async () => {
    server = await startHttp2GrpcServer()
    transport = create({ address: { secure: false, host: '127.0.0.1', port: server.port } })
  })

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'UNIMPLEMENTED'],
    [429, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
  ])('HTTP status %i without a gRPC status is %s', async (httpStatus, status) => {
    const { error } = await collect(transport, `Http${httpStatus}`, EMPTY)
    expect(error).toMatchObject({ code: 'RPC_FAILED', status })
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
  })

  test('an end without trailers is an error', async () => {
    const { error } = await collect(transport, 'NoTrailers', EMPTY)
    expect(error).toBeInstanceOf(ProtocolError)
    expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
  })

  test.each(['TruncatedPrefix', 'TruncatedMessage'])(
    '%s is an error, even with status OK',
    async (method) => {
      const { error, messages } = await collect(transport, method, EMPTY)
      expect(error).toBeInstanceOf(ProtocolError)
      expect(messages.map(text)).toEqual(['whole'])
      expect((await collect(transport, 'Unary', EMPTY)).error).toBeNull()
    },
  )
})
