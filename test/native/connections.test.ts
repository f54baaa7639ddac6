import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { AbortError, ClosedError, ConnectionError, ProtocolError, TimeoutError } from '../../src/errors.ts'
import { Flag, FrameType, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Transport, TransportOptions } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import { answering } from './fault.ts'
import {
  data,
  goaway,
  message,
  ping,
  response,
  responseHeaders,
  type Script,
  ScriptedServer,
  settings,
  trailers,
} from './scripted-server.ts'

const cleanups: Array<() => unknown> = []
let transport: Transport

afterEach(async () => {
  await transport?.close()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

function connectTo(port: number, options: Partial<TransportOptions> = {}): Transport {
  transport = createNativeTransport({ address: { secure: false, host: '127.0.0.1', port }, ...options })
  return transport
}

async function serve(script: Script, options: Partial<TransportOptions> = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script)
  cleanups.push(() => {
    server.stop()
    expect(server.failures).toEqual([])
  })
  connectTo(server.port, options)
  return server
}

const ask = (options?: Parameters<typeof collect>[3]) => collect(transport, 'Ask', Buffer.from('?'), options)
const unusedPort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

describe('opening', () => {
  test('nothing connects before the first call, and connect() opens one connection', async () => {
    const server = await serve(answering)
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.connections).toHaveLength(0)
    await Promise.all([transport.connect(), transport.connect()])
    await transport.connect()
    expect(transport.stats).toMatchObject({ connections: 1, calls: 0 })
  })

  test('the first write carries preface, SETTINGS and the request together', async () => {
    const server = await serve(answering)
    expect((await ask()).messages.map(text)).toEqual(['stream 1'])
    const types = server.connections[0].frames.slice(0, 4).map(({ type }) => type)
    expect(types).toEqual([FrameType.SETTINGS, FrameType.WINDOW_UPDATE, FrameType.HEADERS, FrameType.DATA])
    const fields = server.connections[0].fields(server.connections[0].frames[2])
    expect(Object.fromEntries(fields)).toEqual({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': '/test.Test/Ask',
      ':authority': `127.0.0.1:${server.port}`,
      te: 'trailers',
      'content-type': 'application/grpc',
    })
  })

  test('a refused connection fails every waiting call at once, naming the address', async () => {
    connectTo(await unusedPort())
    const [first, second] = await Promise.all([ask(), ask()])
    for (const { error } of [first, second]) {
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
      expect(error?.message).toMatch(/127\.0\.0\.1:\d+ refused the connection/)
    }
    await expect(transport.connect()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
    expect(transport.stats.connections).toBe(0)
  })

  test('localhost is tried on both loopback addresses, and both are named when neither answers', async () => {
    const port = await unusedPort()
    transport = createNativeTransport({ address: { secure: false, host: 'localhost', port } })
    const { error } = await ask()
    expect(error?.message).toContain(`127.0.0.1:${port}`)
    expect(error?.message).toContain(`[::1]:${port}`)
  })

  test('localhost reaches a server that only listens on ::1', async () => {
    const server = await ScriptedServer.start(answering, { port: 0, host: '::1' })
    cleanups.push(() => server.stop())
    transport = createNativeTransport({ address: { secure: false, host: 'localhost', port: server.port } })
    expect((await ask()).error).toBeNull()
  })

  test('a Unix socket serves as well', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'native-'))
    const path = join(folder, 'flight.sock')
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const server = await ScriptedServer.start(answering, { path })
    cleanups.push(() => server.stop())
    transport = createNativeTransport({ address: { secure: false, host: path, port: -1 } })
    expect((await ask()).messages.map(text)).toEqual(['stream 1'])
    transport = createNativeTransport({ address: { secure: false, host: `${path}.missing`, port: -1 } })
    expect((await ask()).error?.message).toContain('does not exist')
  })

  test('a peer that never says anything fails within the connect timeout', async () => {
    await serve(() => {}, { connectTimeoutMs: 100 })
    const [sent, waiting] = await Promise.all([ask(), ask()])
    expect(sent.error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
    expect(waiting.error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(waiting.error?.message).toContain('no HTTP/2 SETTINGS within 100 ms')
  })

  test('a peer that never acknowledges SETTINGS loses the connection', async () => {
    const server = await serve((connection) => connection.send(settings()), { connectTimeoutMs: 100 })
    const { error } = await ask()
    expect(error).toBeInstanceOf(ProtocolError)
    const farewell = await server.connections[0].seen(FrameType.GOAWAY)
    expect(farewell?.payload.readUInt32BE(4)).toBe(ErrorCode.SETTINGS_TIMEOUT)
  })

  test.each([
    ['HTTP/1', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x16'],
  ])('a peer that speaks %s instead is recognised', async (name, words) => {
    await serve(({ socket }) => {
      socket.end(Buffer.from(words, 'latin1'))
    })
    const { error } = await ask()
    expect(error?.message).toContain(`the peer speaks ${name}`)
  })

  test('connect() ends with its deadline or its signal', async () => {
    await serve(() => {}, { connectTimeoutMs: 300 })
    await expect(transport.connect({ deadline: performance.now() + 20 })).rejects.toBeInstanceOf(TimeoutError)
    const abort = new AbortController()
    const connecting = transport.connect({ signal: abort.signal })
    abort.abort(new Error('changed my mind'))
    await expect(connecting).rejects.toBeInstanceOf(AbortError)
  })
})

describe('losing', () => {
  test('a call under way ends, and the next opens a new connection', async () => {
    await serve(async (connection, index) => {
      if (index > 0) return answering(connection, index)
      connection.greet()
      connection.send(responseHeaders(await connection.request()))
      connection.socket.destroy()
    })
    expect((await ask()).error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
    expect((await ask()).messages.map(text)).toEqual(['stream 1'])
    expect(transport.stats.connections).toBe(2)
  })

  test('a graceful GOAWAY: lower streams finish, higher ones that never began go elsewhere', async () => {
    const server = await serve(async (connection, index) => {
      if (index > 0) return answering(connection, index)
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(goaway(1, ErrorCode.NO_ERROR, 'restarting'))
    })
    await transport.connect()
    const low = ask()
    const high = await ask()
    expect(high.error).toBeNull()
    expect(high.messages).toHaveLength(1)
    server.connections[0].send(response(1, 'finished'))
    expect((await low).messages.map(text)).toEqual(['finished'])
    // With its last stream gone, the old connection closes.
    await once(server.connections[0].socket, 'close')
    expect(transport.stats.connections).toBe(2)
  })

  test('a call that no connection takes before it goes fails in the end, as one that never began', async () => {
    const server = await serve(async (connection) => {
      connection.greet()
      await connection.request()
      connection.send(goaway(0, ErrorCode.NO_ERROR, 'full'))
    })
    const { error } = await ask()
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: true })
    expect(error?.message).toContain('full')
    expect(server.connections).toHaveLength(4)
  })

  test('a GOAWAY with a complaint moves no call', async () => {
    const server = await serve(async (connection) => {
      connection.greet()
      await connection.request()
      connection.send(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, 'too_many_pings'))
    })
    expect((await ask()).error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: true })
    expect(server.connections).toHaveLength(1)
  })

  test('what comes before SETTINGS is one call; the limit the peer then sets makes a queue in order', async () => {
    const order: string[] = []
    const server = await serve(
      async (connection) => {
        await connection.nextOf(FrameType.DATA)
        expect(connection.frames.filter(({ type }) => type === FrameType.HEADERS)).toHaveLength(1)
        connection.greet([[Setting.MAX_CONCURRENT_STREAMS, 1]])
        for (const streamId of [1, 3, 5]) {
          if (streamId > 1) expect(await connection.request()).toBe(streamId)
          order.push(`open ${streamId}`)
          expect(connection.frames.filter(({ type }) => type === FrameType.HEADERS)).toHaveLength(
            (streamId + 1) / 2,
          )
          connection.send(response(streamId, `${streamId}`))
        }
      },
      { connections: 1 },
    )
    const outcomes = await Promise.all([ask(), ask(), ask()])
    expect(outcomes.map(({ messages }) => text(messages[0]))).toEqual(['1', '3', '5'])
    expect(order).toEqual(['open 1', 'open 3', 'open 5'])
    expect(server.connections).toHaveLength(1)
  })
})

describe('keep-alive', () => {
  test('an idle connection is verified by a PING before it is used again', async () => {
    const server = await serve(
      async (connection) => {
        connection.greet()
        connection.send(response(await connection.request(), 'one'))
        const probe = await connection.nextOf(FrameType.PING, 0)
        expect(connection.frames.at(-1)?.type).toBe(FrameType.PING)
        connection.send(ping(Flag.ACK, probe!.payload))
        connection.send(response(await connection.request(), 'two'))
      },
      { pingAfterIdleMs: 100 },
    )
    expect((await ask()).messages.map(text)).toEqual(['one'])
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect((await ask()).messages.map(text)).toEqual(['two'])
    expect(server.connections).toHaveLength(1)
  })

  test('one that does not answer is replaced, and the waiting call is sent on the new one', async () => {
    await serve(
      async (connection, index) => {
        if (index > 0) return answering(connection, index)
        connection.greet()
        connection.send(response(await connection.request(), 'one'))
      },
      { pingAfterIdleMs: 20, pingTimeoutMs: 40 },
    )
    await ask()
    await new Promise((resolve) => setTimeout(resolve, 40))
    const { error, messages } = await ask()
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual(['stream 1'])
    expect(transport.stats).toMatchObject({ connections: 2, calls: 2 })
  })

  test('silence during a call is answered with a PING, further silence with its loss', async () => {
    const server = await serve((connection) => connection.greet(), { pingAfterIdleMs: 20, pingTimeoutMs: 30 })
    const { error } = await ask()
    expect(error).toMatchObject({ code: 'CONNECTION_LOST' })
    expect(error?.message).toContain('PING within 30 ms')
    expect(server.connections[0].frames.some(({ type }) => type === FrameType.PING)).toBe(true)
  })

  test('a PING of the peer is answered with its own payload', async () => {
    const payload = Buffer.from('ping me!')
    const server = await serve(async (connection) => {
      connection.greet()
      connection.send(ping(0, payload))
    })
    await transport.connect()
    const answer = await server.connections[0].seen(FrameType.PING, Flag.ACK)
    expect(answer?.payload).toEqual(payload)
  })
})

describe('closing', () => {
  test('calls under way end at once without grace, and later ones too', async () => {
    await serve((connection) => connection.greet())
    await transport.connect()
    const pending = ask()
    await transport.close()
    expect((await pending).error).toMatchObject({ code: 'CLOSED', unprocessed: false })
    const late = await ask()
    expect(late.error).toBeInstanceOf(ClosedError)
    expect(late.error?.unprocessed).toBe(true)
    await expect(transport.connect()).rejects.toBeInstanceOf(ClosedError)
  })

  test('within the grace period calls may finish', async () => {
    const server = await serve(async (connection) => {
      connection.greet()
      const streamId = await connection.request()
      connection.send(responseHeaders(streamId), data(streamId, message('one')))
    })
    let firstMessage: () => void
    const arrived = new Promise<void>((resolve) => {
      firstMessage = resolve
    })
    const finished = new Promise((resolve) => {
      transport.start('/test.Test/Ask', Buffer.from('?'), { onMessage: () => firstMessage(), onEnd: resolve })
    })
    await arrived
    const closing = transport.close(10_000)
    server.connections[0].send(trailers(1))
    expect(await finished).toBeNull()
    await closing
    expect(await server.connections[0].seen(FrameType.GOAWAY)).toBeDefined()
  })

  test('a transport that is never closed does not keep its process alive', async () => {
    const server = await serve(answering)
    expect(await askInProcess(server.port, '{}')).toBe('stream 1\nend null\n')
  })

  test('a call that waits for a stream keeps its process alive until it ends', async () => {
    const server = await serve((connection) => connection.greet([[Setting.MAX_CONCURRENT_STREAMS, 0]]))
    const output = await askInProcess(server.port, '{ deadline: performance.now() + 400 }')
    expect(output).toBe('end TIMEOUT\n')
  })
})

/** What a process says that connects, asks once with `options` and has nothing else to do. */
function askInProcess(port: number, options: string): Promise<string> {
  const module = new URL('../../src/transport/native/index.ts', import.meta.url).href
  const program = `
    const { createNativeTransport } = await import(${JSON.stringify(module)})
    const address = { secure: false, host: '127.0.0.1', port: ${port} }
    const transport = createNativeTransport({ address, connections: 1 })
    await transport.connect()
    transport.start('/test.Test/Ask', new Uint8Array(1), {
      onMessage: (message) => console.log(Buffer.from(message).toString()),
      onEnd: (error) => console.log('end', error === null ? null : error.code),
    }, ${options})
  `
  const tsx = new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--import', tsx, '--input-type=module', '--eval', program],
      { timeout: 20_000 },
      (error, stdout) => (error ? reject(error) : resolve(stdout)),
    )
  })
}
