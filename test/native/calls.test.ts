import * as grpc from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { AbortError, OptionsError, TimeoutError } from '../../src/errors.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Call, Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import { type GrpcServer, startGrpcServer } from './grpc-server.ts'

let server: GrpcServer | undefined
let transport: Transport

const connectTo = (port: number, options: Partial<TransportOptions> = {}) => {
  transport = createNativeTransport({ address: { secure: false, host: '127.0.0.1', port }, ...options })
  return transport
}

afterEach(async () => {
  await transport?.close()
  server?.stop()
  server = undefined
})

describe('a unary call', () => {
  test('brings the message, the status and metadata of both kinds', async () => {
    server = await startGrpcServer({
      Unary: (call, done) => {
        const initial = new grpc.Metadata()
        initial.set('echo', String(call.metadata.get('greeting')[0]))
        initial.set('echo-bin', call.metadata.get('blob-bin')[0] as Buffer)
        call.sendMetadata(initial)
        const trailing = new grpc.Metadata()
        trailing.set('done', 'yes')
        done(null, Buffer.from(`<${call.request}>`), trailing)
      },
    })
    connectTo(server.port, { userAgent: 'tester/1' })
    const { error, messages, headers, trailers } = await collect(transport, 'Unary', Buffer.from('hello'), {
      metadata: [
        ['greeting', 'good day'],
        ['blob-bin', new Uint8Array([0, 255, 7])],
      ],
    })
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['<hello>'])
    expect(headers?.get('echo')).toBe('good day')
    expect([...headers!.getBinary('echo-bin')!]).toEqual([0, 255, 7])
    expect(trailers.get('done')).toBe('yes')
    expect(transport.stats).toMatchObject({ calls: 1, connections: 1 })
    expect(transport.stats.bytesSent).toBeGreaterThan(100)
    expect(transport.stats.bytesReceived).toBeGreaterThan(20)
  })

  test('brings the status of a failure with its words', async () => {
    server = await startGrpcServer({
      Unary: (_call, done) => done({ code: grpc.status.NOT_FOUND, details: 'no such thing: ü%' }),
    })
    const { error } = await collect(connectTo(server.port), 'Unary', new Uint8Array())
    expect(error).toMatchObject({ code: 'RPC_FAILED', status: 'NOT_FOUND', details: 'no such thing: ü%' })
  })

  test('may be repeated with metadata that stays and metadata that changes', async () => {
    server = await startGrpcServer({
      Unary: (call, done) => done(null, Buffer.from(call.metadata.get('n').join())),
    })
    connectTo(server.port)
    const answers: Array<string | undefined> = []
    for (let n = 0; n < 30; n++) {
      const { messages } = await collect(transport, 'Unary', new Uint8Array(), {
        metadata: [['n', String(n % 3 === 0 ? 'same' : n)]],
      })
      answers.push(text(messages[0]))
    }
    expect(answers).toEqual(Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? 'same' : String(n))))
  })

  test.each([
    ['a name in upper case', 'Name', 'x'],
    ['a name of the protocol', 'grpc-timeout', '1S'],
    ['a value with a line break', 'name', 'a\r\nb: c'],
    ['a text for a binary name', 'name-bin', 'x'],
  ])('with %s is refused before anything is sent', async (_, name, value) => {
    connectTo(1)
    const { error } = await collect(transport, 'Unary', new Uint8Array(), { metadata: [[name, value]] })
    expect(error).toBeInstanceOf(OptionsError)
    expect(transport.stats.calls).toBe(0)
  })
})

test('a server stream brings its messages in order, whatever their size', async () => {
  const sizes = [0, 1, 10, 5_000, 70_000, 3_000_000, 2]
  server = await startGrpcServer({
    ServerStream: (call) => {
      for (const size of sizes) call.write(Buffer.alloc(size, size % 251))
      call.end()
    },
  })
  const { error, messages } = await collect(connectTo(server.port), 'ServerStream', new Uint8Array())
  expect(error).toBeNull()
  expect(messages.map((bytes) => bytes.length)).toEqual(sizes)
  for (const bytes of messages) expect(bytes.every((byte) => byte === bytes.length % 251)).toBe(true)
})

test('a message larger than the stream window arrives', async () => {
  server = await startGrpcServer({ Unary: (_call, done) => done(null, Buffer.alloc(3_000_000, 9)) })
  connectTo(server.port, { streamWindowBytes: 65_535 })
  const { error, messages } = await collect(transport, 'Unary', new Uint8Array())
  expect(error).toBeNull()
  expect(messages[0].length).toBe(3_000_000)
})

test('many calls at once share one connection and one write', async () => {
  server = await startGrpcServer({ Unary: (call, done) => done(null, call.request) })
  connectTo(server.port, { connections: 1 })
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, i) => collect(transport, 'Unary', Buffer.from(String(i)))),
  )
  expect(outcomes.map(({ messages }) => text(messages[0]))).toEqual(
    Array.from({ length: 200 }, (_, i) => String(i)),
  )
  expect(transport.stats).toMatchObject({ calls: 200, connections: 1 })
})

test('load opens further connections, four at most', async () => {
  const waiting: Array<() => void> = []
  server = await startGrpcServer({ Unary: (call, done) => void waiting.push(() => done(null, call.request)) })
  connectTo(server.port)
  const calls: Array<ReturnType<typeof collect>> = []
  for (let round = 0; round < 50 && waiting.length < 400; round++) {
    for (let i = 0; i < 20; i++) calls.push(collect(transport, 'Unary', Buffer.of(i)))
    while (waiting.length < calls.length) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const answer of waiting) answer()
  for (const { error } of await Promise.all(calls)) expect(error).toBeNull()
  expect(transport.stats.connections).toBe(4)
})

describe('a client stream', () => {
  test('sends its messages, those queued before the connection included', async () => {
    server = await startGrpcServer({
      ClientStream: (call, done) => {
        const seen: string[] = []
        call.on('data', (chunk: Buffer) => seen.push(`${chunk.length}`))
        call.on('end', () => done(null, Buffer.from(seen.join())))
      },
    })
    const { error, messages } = await collect(
      connectTo(server.port),
      'ClientStream',
      null,
      undefined,
      (call) => {
        for (const size of [0, 3, 100_000, 7]) call.write(new Uint8Array(size))
        call.end()
      },
    )
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['0,3,100000,7'])
  })

  test('is told to wait while the peer does not read, and when to go on', async () => {
    let release: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    server = await startGrpcServer({
      ClientStream: (call, done) => {
        let received = 0
        void released.then(() => {
          call.on('data', (chunk: Buffer) => {
            received += chunk.length
          })
          call.on('end', () => done(null, Buffer.from(String(received))))
        })
      },
    })
    connectTo(server.port)
    await transport.connect()
    let sent = 0
    let waits = 0
    const reply = await new Promise<string>((resolve, reject) => {
      let answer = ''
      const send = () => {
        while (sent < 100) {
          sent++
          if (!call.write(new Uint8Array(100_000))) {
            waits++
            if (waits === 1) release()
            return
          }
        }
        call.end()
      }
      const call: Call = transport.start('/test.Test/ClientStream', null, {
        onMessage: (bytes) => {
          answer = text(bytes) ?? ''
        },
        onDrain: send,
        onEnd: (error) => (error ? reject(error) : resolve(answer)),
      })
      send()
    })
    expect(reply).toBe('10000000')
    expect(waits).toBeGreaterThan(0)
  })

  test('that the server answers early ends with that answer', async () => {
    server = await startGrpcServer({
      ClientStream: (_call, done) => done({ code: grpc.status.FAILED_PRECONDITION, details: 'not now' }),
    })
    const { error } = await collect(connectTo(server.port), 'ClientStream', null, undefined, (call) =>
      call.write(new Uint8Array(10)),
    )
    expect(error).toMatchObject({ status: 'FAILED_PRECONDITION' })
  })
})

test('a bidirectional call answers as it goes', async () => {
  server = await startGrpcServer({
    Bidi: (call) => {
      call.on('data', (chunk: Buffer) => call.write(Buffer.from(`${chunk}!`)))
      call.on('end', () => call.end())
    },
  })
  connectTo(server.port)
  const seen: Array<string | undefined> = []
  const error = await new Promise((resolve) => {
    const call = transport.start('/test.Test/Bidi', null, {
      onMessage: (bytes) => {
        seen.push(text(bytes))
        if (seen.length < 3) call.write(Buffer.from(`${seen.length}`))
        else call.end()
      },
      onEnd: resolve,
    })
    call.write(Buffer.from('0'))
  })
  expect(error).toBeNull()
  expect(seen).toEqual(['0!', '1!', '2!'])
})

describe('a call that is not waited for', () => {
  /** A server that never answers and resolves once it sees its call cancelled. */
  async function silentServer() {
    let sawCancel: () => void
    let sawTimeout: (milliseconds: number) => void
    const cancelled = new Promise<void>((resolve) => {
      sawCancel = resolve
    })
    const timeout = new Promise<number>((resolve) => {
      sawTimeout = resolve
    })
    server = await startGrpcServer({
      Unary: (call) => {
        sawTimeout(Number(call.getDeadline()) - Date.now())
        call.on('cancelled', () => sawCancel())
      },
    })
    connectTo(server.port)
    await transport.connect()
    return { cancelled, timeout }
  }

  test('ends at its deadline, which the server is told', async () => {
    const { cancelled, timeout } = await silentServer()
    const { error } = await collect(transport, 'Unary', new Uint8Array(), {
      deadline: performance.now() + 60,
    })
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ timeoutMs: 60, unprocessed: false })
    const told = await timeout
    expect(told).toBeLessThanOrEqual(62)
    expect(told).toBeGreaterThan(0)
    await cancelled
  })

  test('keeps deadlines apart, the later started but earlier due first', async () => {
    await silentServer()
    const order: string[] = []
    const now = performance.now()
    const ask = (name: string, deadline: number) =>
      collect(transport, 'Unary', new Uint8Array(), { deadline }).then(() => order.push(name))
    await Promise.all([ask('late', now + 90), ask('early', now + 30), ask('middle', now + 60)])
    expect(order).toEqual(['early', 'middle', 'late'])
  })

  test('with a deadline in the past is never sent', async () => {
    connectTo(1)
    const { error } = await collect(transport, 'Unary', new Uint8Array(), { deadline: performance.now() - 1 })
    expect(error).toMatchObject({ code: 'TIMEOUT', unprocessed: true })
  })

  test('ends when its signal fires, with the reason', async () => {
    const { cancelled, timeout } = await silentServer()
    const abort = new AbortController()
    const pending = collect(transport, 'Unary', new Uint8Array(), { signal: abort.signal })
    await timeout
    const reason = new Error('enough')
    abort.abort(reason)
    const { error } = await pending
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ cause: reason, unprocessed: false })
    await cancelled
  })

  test('is never sent when its signal had fired', async () => {
    connectTo(1)
    const { error } = await collect(transport, 'Unary', new Uint8Array(), { signal: AbortSignal.abort() })
    expect(error).toMatchObject({ code: 'ABORTED', unprocessed: true })
    expect(transport.stats.calls).toBe(0)
  })

  test('ends with the reason it is cancelled for, within a message even', async () => {
    server = await startGrpcServer({
      ServerStream: (call) => {
        for (let i = 0; i < 100; i++) call.write(Buffer.of(i))
        call.end()
      },
    })
    connectTo(server.port)
    const reason = new AbortError('seen enough')
    let seen = 0
    const error = await new Promise((resolve) => {
      const call = transport.start('/test.Test/ServerStream', new Uint8Array(), {
        onMessage: () => {
          if (++seen === 3) call.cancel(reason)
        },
        onEnd: resolve,
      })
    })
    expect(error).toBe(reason)
    expect(seen).toBe(3)
  })
})
