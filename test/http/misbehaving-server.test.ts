import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type ConnectOptions, connect } from '../../src/index.ts'
import {
  runtimeScript,
  type Script,
  SQL_MEDIA_TYPE,
  scriptedHttp,
  sendSql,
  sqlReply,
} from '../support/scripted-http.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const GOOD = sqlReply({ n: 'Int64' }, '[{"n":1},{"n":2}]')

/** A client of a runtime that answers one statement as the script says, and any other well. */
async function misbehaving(onSql: (response: ServerResponse) => unknown, options: ConnectOptions = {}) {
  const script: Script = (request, response) =>
    request.body === 'bad' ? onSql(response) : sendSql(response, GOOD)
  const server = await scriptedHttp(runtimeScript(script))
  const spice = await connect({ httpUrl: server.url, env: {}, ...options })
  open.push(server.close, () => spice.close())
  const fail = () =>
    spice
      .query('bad', undefined, { idempotent: false })
      .rows()
      .catch((reason) => reason)
  return { server, spice, fail }
}

const vnd = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': SQL_MEDIA_TYPE, ...headers }).end(body)

describe('a reply that is not what it should be', () => {
  it.each<[string, (response: ServerResponse) => unknown, string, RegExp]>([
    [
      'cut off in a chunked body',
      (r) => {
        r.writeHead(200, { 'content-type': SQL_MEDIA_TYPE })
        r.write(GOOD.slice(0, 60))
        setImmediate(() => r.destroy())
      },
      'CONNECTION_LOST',
      /lost before the answer was complete/,
    ],
    [
      'shorter than announced',
      (r) => {
        r.writeHead(200, { 'content-length': '1000' })
        r.write(GOOD.slice(0, 60))
        setImmediate(() => r.destroy())
      },
      'CONNECTION_LOST',
      /lost before/,
    ],
    ['closed without a word', (r) => r.destroy(), 'CONNECTION_LOST', /lost before/],
    ['JSON that ends early', (r) => vnd(r, GOOD.slice(0, -10)), 'PROTOCOL', /JSON/],
    [
      'a page of HTML',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'PROTOCOL',
      /no result but text\/html/,
    ],
    ['JSON of another kind', (r) => vnd(r, '{"ok":true}'), 'PROTOCOL', /no result: it has no data/],
    [
      'a wrong row count',
      (r) => vnd(r, sqlReply({ n: 'Int64' }, '[{"n":1}]', 2)),
      'PROTOCOL',
      /announces 2 rows but has 1/,
    ],
    [
      'a column the schema lacks',
      (r) => vnd(r, sqlReply({ n: 'Int64' }, '[{"x":1}]')),
      'PROTOCOL',
      /has "x", which its schema lacks/,
    ],
    [
      'a value of another type',
      (r) => vnd(r, sqlReply({ n: 'Int64' }, '[{"n":"one"}]')),
      'PROTOCOL',
      /expected a/,
    ],
    [
      'an unknown type',
      (r) => vnd(r, sqlReply({ n: 'Int128' }, '[]')),
      'PROTOCOL',
      /unknown data type "Int128"/,
    ],
    ['bytes that are no UTF-8', (r) => vnd(r, Buffer.from([0x7b, 0x22, 0xff, 0x22])), 'PROTOCOL', /UTF-8/],
    [
      'a body that ends with its connection, before it begins',
      (r) => r.socket?.end('HTTP/1.1 200 OK\r\n\r\n'),
      'PROTOCOL',
      /ends before it begins/,
    ],
    [
      'cut off by a runtime that said it would close',
      (r) => {
        r.socket?.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"row`)
      },
      'CONNECTION_LOST',
      /lost before/,
    ],
    ['no HTTP', (r) => r.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'), 'PROTOCOL', /but not in HTTP/],
    [
      'headers without end',
      (r) => r.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`),
      'LIMIT_EXCEEDED',
      /headers/,
    ],
    [
      'compressed, though nobody asked',
      (r) => vnd(r, gzipSync(GOOD), { 'content-encoding': 'gzip' }),
      'PROTOCOL',
      /content encoding "gzip"/,
    ],
    ['something after its end', (r) => vnd(r, `${GOOD}x`), 'PROTOCOL', /expected the end/],
    ['nested without end', (r) => vnd(r, `{"x":${'['.repeat(100_000)}`), 'PROTOCOL', /deeper than 64/],
    [
      'a redirect',
      (r) => r.writeHead(307, { location: 'http://elsewhere.example/' }).end(),
      'HTTP_FAILED',
      /redirects to http:\/\/elsewhere.example\//,
    ],
  ])('%s', async (_, answer, code, message) => {
    const { fail, spice } = await misbehaving(answer)
    const error = await fail()
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(message)
    expect(await spice.query('good')).toEqual([{ n: 1n }, { n: 2n }])
  })

  it('larger than allowed is refused while it comes', async () => {
    const { fail, spice } = await misbehaving(
      (response) => {
        response.writeHead(200, { 'content-type': SQL_MEDIA_TYPE })
        const pump = () => {
          while (!response.destroyed && response.write('x'.repeat(4096))) {}
        }
        response.on('drain', pump)
        pump()
      },
      { http: { maxResponseBytes: 100_000 } },
    )
    expect(await fail()).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await spice.query('good')).toHaveLength(2)
  })

  it('announced larger than allowed is refused before it comes', async () => {
    const { fail } = await misbehaving(
      (response) => response.writeHead(200, { 'content-length': '200000' }).flushHeaders(),
      {
        http: { maxResponseBytes: 100_000 },
      },
    )
    expect((await fail()).message).toContain('200000 bytes are announced')
  })

  it('that never comes ends at the deadline, and its connection is closed', async () => {
    const closed: Promise<unknown>[] = []
    const { spice, fail } = await misbehaving((response) => closed.push(once(response, 'close')), {
      timeoutMs: 300,
    })
    await spice.query('good')
    const error = await fail()
    expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 300 })
    expect(closed).toHaveLength(1)
    await closed[0]
  })
})

describe('an empty reply', () => {
  it('is refused for a statement that reads, and is no rows for any other', async () => {
    const server = await scriptedHttp(runtimeScript((_, response) => response.writeHead(200).end()))
    const spice = await connect({ httpUrl: server.url, env: {} })
    open.push(server.close, () => spice.close())
    await expect(spice.query('SELECT 1').rows()).rejects.toMatchObject({ code: 'PROTOCOL' })
    expect(await spice.query('BEGIN; INSERT INTO t VALUES (1); COMMIT')).toEqual([])
  })
})

describe('a status', () => {
  it.each<[number, string, string, Record<string, unknown>]>([
    [
      400,
      'no such table',
      'QUERY_FAILED',
      { status: 'HTTP 400', serverMessage: 'no such table', transient: false },
    ],
    [400, 'Acceleration not ready; loading', 'QUERY_FAILED', { transient: true }],
    [401, 'Unauthorized', 'UNAUTHENTICATED', {}],
    [403, '{"message":"read-only SQL context"}', 'PERMISSION_DENIED', {}],
    [400, '{"error":"bad value"}', 'QUERY_FAILED', { serverMessage: 'bad value' }],
    [400, '{"error":{"message":"deep","type":"x"}}', 'QUERY_FAILED', { serverMessage: 'deep' }],
    [400, '{"error":null}', 'QUERY_FAILED', { serverMessage: '{"error":null}' }],
    [400, `{"message":"${'é'.repeat(5000)}"}`, 'QUERY_FAILED', { serverMessage: 'é'.repeat(4096) }],
    [400, 'x'.repeat(1_000_000), 'QUERY_FAILED', { serverMessage: 'x'.repeat(4096) }],
    [404, '', 'HTTP_FAILED', { status: 404 }],
    [409, 'transaction write conflict', 'QUERY_FAILED', { transient: true }],
    [413, '', 'LIMIT_EXCEEDED', {}],
    [429, '', 'HTTP_FAILED', { status: 429 }],
    [499, 'cancelled', 'QUERY_FAILED', { status: 'HTTP 499' }],
    [500, 'out of luck', 'QUERY_FAILED', { transient: false }],
    [503, 'memory pool exhausted', 'QUERY_FAILED', { transient: true }],
    [504, 'query timeout', 'QUERY_FAILED', { status: 'HTTP 504' }],
  ])('%i %s', async (status, body, code, details) => {
    const { fail } = await misbehaving((response) => response.writeHead(status).end(body))
    expect(await fail()).toMatchObject({ code, ...details })
  })

  it.each([
    ['7', /try again after 7 seconds$/],
    ['Wed, 21 Oct 2026 07:28:00 GMT', /try again after Wed, 21 Oct 2026 07:28:00 GMT$/],
  ])('429 says when to try again: %s', async (after, message) => {
    const { fail } = await misbehaving((response) => response.writeHead(429, { 'retry-after': after }).end())
    expect((await fail()).message).toMatch(message)
  })

  it('503 of a runtime that shuts down counts as not processed, so even a write is sent again', async () => {
    let refusals = 2
    const { spice, server } = await misbehaving((response) =>
      refusals-- > 0 ? response.writeHead(503).end('Runtime is shutting down') : sendSql(response, GOOD),
    )
    const query = spice.query('bad', undefined, { idempotent: false })
    expect(await query).toHaveLength(2)
    expect(query.info?.roundTrips).toBe(3)
    expect(server.requests.filter(({ body }) => body === 'bad')).toHaveLength(3)
  })
})

describe('a reply without a schema, as old runtimes send it', () => {
  it('gets every column in every row, keeps all digits, and says so', async () => {
    const { spice } = await misbehaving((response) =>
      response.end(
        '[{"a":1},{"a":9007199254740993,"b":"x","c":1.5},{"c":12345678901234567890.123,"d":[1,null]}]',
      ),
    )
    const query = spice.query('bad')
    expect(await query).toEqual([
      { a: 1, b: null, c: null, d: null },
      { a: 9007199254740993n, b: 'x', c: 1.5, d: null },
      { a: null, b: null, c: '12345678901234567890.123', d: [1, null] },
    ])
    expect(query.warnings[0]).toMatch(/without a schema/)
  })
})

describe('a request', () => {
  it('carries key, cache directive and headers, and JSON only with parameters', async () => {
    const { spice, server } = await misbehaving(() => {}, {
      apiKey: 'k',
      headers: { 'x-a': '1' },
      cache: 'no-cache',
    })
    await spice.query('one', [], { headers: { 'x-b': '2' } })
    await spice.query('SELECT $1', [5])
    const [plain, json] = server.requests.slice(-2)
    expect(plain.headers).toMatchObject({
      'x-api-key': 'k',
      'x-a': '1',
      'x-b': '2',
      'cache-control': 'no-cache',
      accept: SQL_MEDIA_TYPE,
      'content-type': 'text/plain',
    })
    expect(json.headers['content-type']).toBe('application/json')
    expect(JSON.parse(json.body)).toEqual({ sql: 'SELECT $1', parameters: [5] })
  })

  it('is destroyed when its signal fires', async () => {
    const abort = new AbortController()
    const closed: Promise<unknown>[] = []
    const { spice } = await misbehaving((response) => {
      closed.push(once(response, 'close'))
      abort.abort('enough')
    })
    await expect(spice.query('bad', [], { signal: abort.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'enough',
    })
    await closed[0]
  })
})
