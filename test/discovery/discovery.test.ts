import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { learntFlightAddress } from '../../src/discovery/candidates.ts'
import { discover } from '../../src/discovery/discover.ts'
import { DiscoveryError, NotReadyError } from '../../src/errors.ts'
import type { ConnectOptions } from '../../src/options.ts'
import { resolveOptions } from '../../src/resolved-options.ts'
import { type Script, scriptedHttp, statusList } from '../support/scripted-http.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function server(script: Script) {
  const scripted = await scriptedHttp(script)
  open.push(scripted.close)
  return scripted
}

/** A TCP server that does what is said with each connection, and never anything by itself. */
async function tcpServer(onConnection: (socket: Socket) => void = () => {}): Promise<string> {
  const sockets = new Set<Socket>()
  const listening: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  open.push(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        listening.close(resolve)
      }),
  )
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

async function closedPort(): Promise<string> {
  const scripted = await scriptedHttp(() => {})
  await scripted.close()
  return scripted.url
}

const find = (url: string, options: ConnectOptions = {}) =>
  discover(resolveOptions(url, { env: {}, ...options }))

interface Answers {
  ready?: [status: number, body: string]
  status?: [status: number, body: string]
}

function runtime({
  ready = [200, 'ready'],
  status = [200, JSON.stringify(statusList('0.0.0.0:50051'))],
}: Answers = {}): Script {
  return (request, response) => {
    const [code, body] =
      request.url === '/v1/ready' ? ready : request.url === '/v1/status' ? status : [404, '']
    response.writeHead(code, { 'content-type': 'text/plain' }).end(body)
  }
}

describe('what a port answers', () => {
  it.each<[string, Answers]>([
    ['ready in lower case', {}],
    ['ready as older releases spell it', { ready: [200, 'Ready'] }],
    [
      'rows a release has added',
      {
        status: [
          200,
          JSON.stringify([...statusList('127.0.0.1:50051'), { name: 'new', endpoint: 'x', status: 'Odd' }]),
        ],
      },
    ],
  ])('is a runtime: %s', async (_, answers) => {
    const { url } = await server(runtime(answers))
    const endpoint = await find(url)
    expect(endpoint.server).toBe('spice')
    expect(endpoint.flight).toEqual({ secure: false, host: '127.0.0.1', port: 50051 })
  })

  it.each<[string, Answers, RegExp]>([
    [
      'a web server',
      { ready: [404, 'x'], status: [404, '<html>'] },
      /answers, but is no Spice runtime \(GET \/v1\/status: 404/,
    ],
    ['one that says yes to everything', { ready: [200, 'OK'], status: [200, 'OK'] }, /no Spice runtime/],
    ['JSON of another kind', { ready: [200, '{}'], status: [200, '{"status":"UP"}'] }, /no Spice runtime/],
    ['a list of other things', { status: [200, '[{"name":"disk"},{"name":"db"}]'] }, /no Spice runtime/],
    ['an empty list', { status: [200, '[]'] }, /no Spice runtime/],
    ['a server behind a login', { ready: [401, 'who?'], status: [401, 'who?'] }, /no Spice runtime/],
    ['a redirect', { ready: [302, ''], status: [302, ''] }, /no Spice runtime/],
    [
      'a gateway without its backend',
      { ready: [503, 'no upstream'], status: [503, 'no upstream'] },
      /no Spice runtime/,
    ],
  ])('is no runtime: %s', async (_, answers, outcome) => {
    const { url } = await server(runtime(answers))
    const error = await find(url).catch((reason) => reason)
    expect(error).toBeInstanceOf(DiscoveryError)
    expect(error.code).toBe('RUNTIME_NOT_FOUND')
    expect(error.candidates).toEqual([
      { url, from: 'option httpUrl', outcome: expect.stringMatching(outcome) },
    ])
    expect(error.message).toMatch(outcome)
  })

  it('is nothing when the port is closed, and the error says so at once', async () => {
    const url = await closedPort()
    const error = await find(url).catch((reason) => reason)
    expect(error).toBeInstanceOf(DiscoveryError)
    expect(error.candidates[0].outcome).toBe('connection refused')
    expect(error.message).toContain('startTimeoutMs')
  })

  it('is bounded when a TCP server never answers', async () => {
    const url = await tcpServer()
    const error = await find(url, { probeTimeoutMs: 100 }).catch((reason) => reason)
    expect(error).toBeInstanceOf(DiscoveryError)
    expect(error.candidates[0].outcome).toBe('no answer within 100 ms')
  })

  it('is bounded when a server never ends its answer', async () => {
    const url = await tcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nre')
    })
    const error = await find(url, { probeTimeoutMs: 100 }).catch((reason) => reason)
    expect(error.candidates[0].outcome).toBe('no answer within 100 ms')
  })

  it('is read only up to a limit', async () => {
    const url = await tcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const filler = Buffer.alloc(16 * 1024, 'x')
      const pump = () => {
        while (socket.writable && socket.write(filler)) {}
      }
      socket.on('drain', pump)
      pump()
    })
    const error = await find(url).catch((reason) => reason)
    expect(error.candidates[0].outcome).toMatch(/no Spice runtime/)
  })

  it('is named when it is another protocol', async () => {
    const url = await tcpServer((socket) => {
      socket.write('SSH-2.0-OpenSSH_9.2\r\n')
    })
    const error = await find(url).catch((reason) => reason)
    expect(error.candidates[0].outcome).toMatch(/not in HTTP/)
  })
})

describe('readiness', () => {
  it('is waited for', async () => {
    let asked = 0
    const { url } = await server((request, response) => {
      const ready = request.url === '/v1/ready' && ++asked > 3
      return runtime({ ready: ready ? [200, 'ready'] : [503, 'not ready'] })(request, response)
    })
    const endpoint = await find(url)
    expect(asked).toBe(4)
    expect(endpoint.reasons.join()).toMatch(/ready after \d+ ms/)
  })

  it('that never comes is an error that says what answered', async () => {
    const { url } = await server(runtime({ ready: [503, 'Not Ready'] }))
    const error = await find(url, { readyTimeoutMs: 500 }).catch((reason) => reason)
    expect(error).toBeInstanceOf(NotReadyError)
    expect(error).toMatchObject({ code: 'RUNTIME_NOT_READY', url, lastAnswer: 'Not Ready' })
    expect(error.message).toContain('within 500 ms')
  })

  it.each([12, 13, 14, 15])(
    'keeps its last answer when the next does not come before the deadline: %i ms',
    async (ms) => {
      let asked = 0
      const { url } = await server((request, response) => {
        if (request.url === '/v1/ready' && ++asked > 1) return
        return runtime({ ready: [503, 'Not Ready'] })(request, response)
      })
      const error = await find(url, { readyTimeoutMs: ms }).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'RUNTIME_NOT_READY', lastAnswer: 'Not Ready' })
    },
  )

  it('is not waited for when readyTimeoutMs is 0', async () => {
    const { url } = await server(runtime({ ready: [503, 'not ready'] }))
    const endpoint = await find(url, { readyTimeoutMs: 0 })
    expect(endpoint.reasons.join()).toContain('taken as it is')
  })

  it('stops being waited for when the signal fires', async () => {
    const abort = new AbortController()
    const { url } = await server((request, response) => {
      if (request.url === '/v1/ready') abort.abort(new Error('enough'))
      return runtime({ ready: [503, 'not ready'] })(request, response)
    })
    const error = await find(url, { signal: abort.signal }).catch((reason) => reason)
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: new Error('enough') })
  })

  it('outlasts a shutdown: the next runtime on the port is taken', async () => {
    let down = 3
    const { url } = await server((request, response) => {
      if (down-- > 0) return response.writeHead(503).end('Runtime is shutting down')
      return runtime()(request, response)
    })
    const endpoint = await find(url)
    expect(endpoint.flight?.port).toBe(50051)
  })

  it('outlasts a shutdown only to learn that the next runtime wants a key', async () => {
    let down = 3
    const { url } = await server((request, response) => {
      if (down-- > 0) return response.writeHead(503).end('Runtime is shutting down')
      if (request.url === '/v1/ready') return response.end('ready')
      return response.writeHead(401).end('Unauthorized')
    })
    await expect(find(url)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

describe('a runtime that starts beside the application', () => {
  it('is waited for within startTimeoutMs', async () => {
    const url = await closedPort()
    const found = find(url, { startTimeoutMs: 10_000 })
    const scripted = await scriptedHttp(runtime(), Number(new URL(url).port))
    open.push(scripted.close)
    expect((await found).server).toBe('spice')
  })
})

describe('an API key', () => {
  const guarded: Script = (request, response) => {
    const known = request.headers['x-api-key'] === 'right'
    if (request.url === '/v1/status' && !known) return response.writeHead(401).end('Unauthorized')
    return runtime()(request, response)
  }

  it('opens the status list', async () => {
    const { url } = await server(guarded)
    expect((await find(url, { apiKey: 'right' })).flight?.port).toBe(50051)
  })

  it.each([
    ['missing', {}, /requires an API key: pass option apiKey or set SPICE_API_KEY/],
    ['unknown', { apiKey: 'wrong' }, /does not accept the API key/],
  ])('that is %s is an error of its own', async (_, options, message) => {
    const { url } = await server(guarded)
    const error = await find(url, options).catch((reason) => reason)
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(error.message).toMatch(message)
  })
})

describe('the Flight address', () => {
  const http = { secure: false, host: '10.1.2.3', port: 8090, basePath: '' }

  it.each([
    ['0.0.0.0:50051', 50051],
    ['127.0.0.1:6000', 6000],
    ['[::]:50051', 50051],
    ['http://0.0.0.0:50051', 50051],
    ['evil.example:443', 443],
  ])('learnt from %s is on the host that answered', (endpoint, port) => {
    expect(learntFlightAddress(endpoint, http)).toEqual({ secure: false, host: '10.1.2.3', port })
  })

  it.each(['N/A', '127.0.0.1:0', '', '0.0.0.0', '127.0.0.1:99999', null])(
    'is unknown from %s',
    (endpoint) => {
      expect(learntFlightAddress(endpoint, http)).toBeNull()
    },
  )

  it('uses TLS where HTTP does', () => {
    expect(learntFlightAddress('0.0.0.0:1', { ...http, secure: true })).toMatchObject({ secure: true })
  })

  it('given as an option needs no HTTP at all', async () => {
    const endpoint = await find('grpc://127.0.0.1:1')
    expect(endpoint).toMatchObject({ http: null, server: 'unknown', flight: { port: 1 } })
  })

  it('given as an option stands beside the HTTP address', async () => {
    const { url } = await server(runtime())
    expect((await find(url, { flightUrl: 'grpc://127.0.0.1:7' })).flight?.port).toBe(7)
  })
})

describe('without any address', () => {
  it('an error lists every well-known candidate and what to do', async () => {
    // Whatever listens on this machine, the four places have to be named unless a runtime is among them.
    const outcome = await discover(resolveOptions({ env: {}, probeTimeoutMs: 500, readyTimeoutMs: 0 })).then(
      (endpoint) => endpoint.candidates.map(({ url }) => url),
      (error: DiscoveryError) => {
        expect(error.message).toContain('connect({ httpUrl })')
        return error.candidates.map(({ url }) => url)
      },
    )
    expect(outcome).toEqual(expect.arrayContaining(['http://127.0.0.1:8090', 'http://[::1]:8090']))
  })
})
