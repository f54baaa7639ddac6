import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RpcError } from '../../src/transport/rpc-error.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { outcomeOf } from '../support/outcome.ts'
import { transports } from '../support/transports.ts'

/**
 * nghttp2's own server: an HPACK encoder and a framing of another make. It serves files that hold gRPC
 * messages, with the gRPC status as a trailer.
 */
let directory: string
const servers: ChildProcess[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spice-sidecar-nghttpd-'))
  await writeFile(join(directory, 'mime.types'), 'application/grpc grpc\n')
  await writeFile(join(directory, 'small.grpc'), Buffer.concat([message(5), message(0), message(100)]))
  await writeFile(
    join(directory, 'large.grpc'),
    Buffer.concat(Array.from({ length: 200 }, () => message(100_000))),
  )
})

afterAll(async () => {
  for (const server of servers) {
    if (server.exitCode !== null) continue
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  await rm(directory, { recursive: true })
})

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, length % 251)
  bytes[0] = 0
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** Starts nghttpd, which cannot choose a free port itself; resolves when it accepts connections. */
async function nghttpd(...flags: string[]): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const server = spawn(
    'nghttpd',
    ['--no-tls', '-a', '127.0.0.1', '-d', directory, `--mime-types-file=${join(directory, 'mime.types')}`]
      .concat(['--trailer=grpc-status: 0', '--trailer=x-place: caf%C3%A9'])
      .concat(flags, String(port)),
    { stdio: 'ignore' },
  )
  servers.push(server)
  const deadline = Date.now() + 10_000
  while (!(await accepts(port))) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error('nghttpd did not start')
    await delay(20)
  }
  return port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

describe.each(Object.entries(transports))('nghttpd over the %s transport', (_, create) => {
  const opened: Transport[] = []
  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.close()
  })

  function to(port: number): Transport {
    const transport = create({ address: { secure: false, host: '127.0.0.1', port } })
    opened.push(transport)
    return transport
  }

  it('reads messages, headers and trailers', async () => {
    const transport = to(await nghttpd())
    const { messages, headers, trailers, error } = await outcomeOf(transport, '/small.grpc', Buffer.from('x'))
    expect(error).toBeNull()
    expect(messages.map(({ length }) => length)).toEqual([5, 0, 100])
    expect(messages[2].every((byte) => byte === 100)).toBe(true)
    expect(headers?.get('server')).toMatch(/^nghttpd/)
    expect(trailers.get('x-place')).toBe('caf%C3%A9')
  })

  it('reads padded frames', async () => {
    const transport = to(await nghttpd('--padding=200'))
    const { messages, error } = await outcomeOf(transport, '/large.grpc', Buffer.from('x'))
    expect(error).toBeNull()
    expect(messages).toHaveLength(200)
    expect(messages.every((bytes) => bytes.length === 100_000 && bytes[99_999] === 100_000 % 251)).toBe(true)
  })

  it.each([
    ['no dynamic table for requests', ['--header-table-size=0']],
    ['a large dynamic table', ['--header-table-size=65536', '--encoder-header-table-size=65536']],
    ['no dynamic table for responses', ['--encoder-header-table-size=0']],
  ])('keeps HPACK in step over many calls with %s', async (_, flags) => {
    const transport = to(await nghttpd(...flags))
    for (let call = 0; call < 150; call++) {
      const { messages, headers, error } = await outcomeOf(transport, '/small.grpc', Buffer.from('x'), {
        metadata: [
          ['x-call', String(call)],
          ['x-long', `${call}-`.repeat(1 + (call % 40))],
          ['authorization', `Bearer ${call % 3}`],
        ],
      })
      expect(error).toBeNull()
      expect(messages).toHaveLength(3)
      expect(headers?.get('content-length')).toBe('120')
    }
    expect(transport.stats.connections).toBe(1)
  })

  it('queues calls beyond the streams the server allows', async () => {
    const transport = to(await nghttpd('--max-concurrent-streams=2'))
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, () => outcomeOf(transport, '/small.grpc', Buffer.from('x'))),
    )
    expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => null))
    expect(outcomes.every(({ messages }) => messages.length === 3)).toBe(true)
  })

  it('runs large and small answers beside each other', async () => {
    const transport = to(await nghttpd())
    const [large, ...small] = await Promise.all([
      outcomeOf(transport, '/large.grpc', Buffer.from('x')),
      ...Array.from({ length: 20 }, () => outcomeOf(transport, '/small.grpc', Buffer.from('x'))),
    ])
    expect(large!.messages).toHaveLength(200)
    expect(small.every(({ messages, error }) => error === null && messages.length === 3)).toBe(true)
  })

  it('gives an HTTP status without a gRPC status its gRPC meaning', async () => {
    const transport = to(await nghttpd())
    const { error } = await outcomeOf(transport, '/nowhere.grpc', Buffer.from('x'))
    expect(error).toBeInstanceOf(RpcError)
    expect((error as RpcError).status).toBe('UNIMPLEMENTED')
  })

  it('sends a request larger than the server’s window', async () => {
    const transport = to(await nghttpd('--window-bits=16'))
    const { messages, error } = await outcomeOf(transport, '/small.grpc', new Uint8Array(4_000_000))
    expect(error).toBeNull()
    expect(messages).toHaveLength(3)
  })
})
