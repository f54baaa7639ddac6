import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ResultBatch, ResultSink, StatementSource } from '../../src/client/result.ts'
import { ConnectionError, QueryError, type SidecarError, TimeoutError } from '../../src/errors.ts'
import { connect, type SidecarClient } from '../../src/index.ts'
import { retryDelay } from '../../src/resilience/retry.ts'
import { RetryingSource } from '../../src/resilience/retrying-source.ts'
import { isReadOnly } from '../../src/sql/classify.ts'
import { runtimeScript, scriptedHttp, sendSql, sqlReply, statusList } from '../support/scripted-http.ts'
import { type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const lost = new ConnectionError('CONNECTION_LOST', 'lost')
const refused = new ConnectionError('CONNECTION_FAILED', 'refused', { unprocessed: true })
const failed = new QueryError({ serverMessage: 'no', sql: 'x', status: 'HTTP 400' })
const passing = new QueryError({ serverMessage: 'wait', sql: 'x', status: 'UNAVAILABLE', transient: true })

describe('a failed attempt is followed by another', () => {
  it.each<[string, boolean, Partial<Parameters<typeof retryDelay>[0]>]>([
    ['never processed, whatever it does', true, { error: refused, repeatable: () => false }],
    ['a read whose connection was lost', true, { error: lost }],
    ['not a write whose connection was lost', false, { error: lost, repeatable: () => false }],
    ['not once rows were delivered', false, { error: refused, delivered: true }],
    ['not after an answer', false, { error: failed }],
    ['a read after an answer that says it will pass', true, { error: passing }],
    ['not a write after such an answer', false, { error: passing, repeatable: () => false }],
    ['not after the deadline', false, { error: new TimeoutError('late', 5, { unprocessed: true }) }],
    ['not beyond the number allowed', false, { error: refused, attempt: 4 }],
  ])('%s', (_, again, attempt) => {
    const delay = retryDelay(
      { error: refused, attempt: 1, delivered: false, repeatable: () => true, ...attempt },
      3,
    )
    expect(delay !== null).toBe(again)
  })

  it('after pauses that grow and are spread', () => {
    const pause = (attempt: number, random: number) =>
      retryDelay({ error: refused, attempt, delivered: false, repeatable: () => true }, 99, random)
    expect([1, 2, 3, 20].map((attempt) => pause(attempt, 1))).toEqual([50, 100, 200, 1000])
    expect(pause(1, 0)).toBe(25)
  })
})

describe('statements on a source that fails', () => {
  /** Fails with each error in turn, then answers with no rows. */
  function failing(...errors: SidecarError[]) {
    const source: StatementSource & { attempts: number } = {
      transport: 'http',
      attempts: 0,
      execute(_, sink) {
        const error = errors[this.attempts++] ?? null
        queueMicrotask(() => sink.onEnd(error, { warnings: [], roundTrips: 1 }))
        return { pause() {}, resume() {}, cancel() {} }
      },
      close: async () => {},
    }
    return source
  }

  function run(
    source: StatementSource,
    sql: string,
    options: { idempotent?: boolean; signal?: AbortSignal; deadline?: number } = {},
  ) {
    return new Promise<{ error: SidecarError | null; roundTrips: number }>((resolve) => {
      const sink: ResultSink = {
        onSchema() {},
        onBatch(_: ResultBatch) {},
        onEnd: (error, info) => resolve({ error, roundTrips: info.roundTrips }),
      }
      const { idempotent, ...rest } = options
      new RetryingSource(source, 3, isReadOnly).execute({ sql, idempotent }, sink, rest)
    })
  }

  it('run reads again and count every round trip', async () => {
    expect(await run(failing(lost, refused), 'SELECT 1')).toEqual({ error: null, roundTrips: 3 })
  })

  it('do not run writes again', async () => {
    const source = failing(lost)
    expect((await run(source, 'INSERT INTO t VALUES (1)')).error).toBe(lost)
    expect(source.attempts).toBe(1)
  })

  it('run writes again that are vouched for, and reads not that are not', async () => {
    expect((await run(failing(lost), 'INSERT INTO t VALUES (1)', { idempotent: true })).error).toBeNull()
    expect((await run(failing(lost), 'SELECT 1', { idempotent: false })).error).toBe(lost)
  })

  it('give up within the deadline', async () => {
    const source = failing(refused, refused, refused)
    const { error } = await run(source, 'SELECT 1', { deadline: performance.now() + 5 })
    expect(error).toBe(refused)
    expect(source.attempts).toBe(1)
  })

  it('stop waiting when the signal fires', async () => {
    const abort = new AbortController()
    const ended = run(failing(refused, refused, refused, refused), 'SELECT 1', { signal: abort.signal })
    setTimeout(() => abort.abort('stop'), 1)
    expect((await ended).error).toMatchObject({ code: 'ABORTED', cause: 'stop' })
  })
})

describe('a runtime whose Flight port does not answer', () => {
  const open: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  async function withoutFlight() {
    const closed = await scriptedHttp(() => {})
    await closed.close()
    const server = await scriptedHttp((request, response) => {
      if (request.url === '/v1/status')
        return response.end(JSON.stringify(statusList(`0.0.0.0:${closed.port}`)))
      return runtimeScript((_, sql) => sendSql(sql, sqlReply({ a: 'Int32' }, '[{"a":1}]')))(request, response)
    })
    open.push(server.close)
    return server.url
  }

  it('is queried over HTTP, and the report says why', async () => {
    const spice = await connect(await withoutFlight(), { env: {} })
    open.push(() => spice.close())
    expect(spice.endpoint).toMatchObject({ transport: 'http', flight: null })
    expect(spice.endpoint.reasons.join()).toMatch(/since Flight cannot be used/)
    expect(await spice.query('SELECT 1 AS a')).toEqual([{ a: 1 }])
    const error = await spice
      .query('SELECT 1', [], { transport: 'flight' })
      .rows()
      .catch((reason) => reason)
    expect(error.code).toBe('INVALID_OPTIONS')
  })

  it.each([{ fallback: false }, { transport: 'flight' }] as const)('fails with %o', async (options) => {
    await expect(connect(await withoutFlight(), { env: {}, ...options })).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
    })
  })

  it('fails with a list of one when it is all that was given', async () => {
    const closed = await scriptedHttp(() => {})
    await closed.close()
    const error = await connect(`grpc://127.0.0.1:${closed.port}`, { env: {} }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'RUNTIME_NOT_FOUND' })
    expect(error.candidates).toHaveLength(1)
  })
})

describe('a query over Flight', () => {
  let runtime: SpawnedRuntime
  let proxy: TcpProxy
  let spice: SidecarClient
  const LARGE = 'SELECT i, i::VARCHAR AS s FROM range(3000000) t(i)'

  beforeAll(async () => {
    runtime = await spawnRuntime({ spicepod: { version: 'v1', kind: 'Spicepod', name: 'flight' } })
    proxy = await new TcpProxy(Number(runtime.flight.split(':')[1])).listen()
    spice = await connect({
      httpUrl: runtime.httpUrl,
      flightUrl: `grpc://127.0.0.1:${proxy.port}`,
      readyTimeoutMs: 0,
      flight: { streamWindowBytes: 65_535 },
      env: {},
    })
  })
  afterAll(async () => {
    await spice?.close()
    proxy?.close()
    await runtime?.stop()
  })

  it('is one round trip', async () => {
    const query = spice.query('SELECT 1 AS a')
    expect(await query).toEqual([{ a: 1 }])
    expect(query.info?.roundTrips).toBe(1)
    expect(query.timings.totalMs).toBeGreaterThan(0)
  })

  it('stops what a reader leaves, and the next one works', async () => {
    let batches = 0
    for await (const batch of spice.query(LARGE).batches()) {
      batches++
      expect(batch.numRows).toBeGreaterThan(0)
      if (batches === 2) break
    }
    expect(await spice.query(LARGE).first()).toEqual({ i: 0n, s: '0' })
    expect(await spice.query('SELECT 1 AS a')).toHaveLength(1)
  })

  it('waits for a slow reader without losing rows', async () => {
    let count = 0n
    for await (const row of spice.query('SELECT i FROM range(100000) t(i)')) {
      if (count % 20_000n === 0n) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(row.i).toBe(count++)
    }
    expect(count).toBe(100_000n)
  })

  it('that loses its connection in the middle is an error, never a short result', async () => {
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const row of spice.query(LARGE)) {
        if (seen.push(row) === 10) proxy.sever()
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(seen.length).toBeLessThan(3_000_000)
    expect(await spice.query('SELECT 1 AS a')).toHaveLength(1)
  })

  it('can be cancelled before and while it runs', async () => {
    const early = spice.query('SELECT 1')
    early.cancel()
    await expect(early).rejects.toMatchObject({ code: 'ABORTED' })
    const running = spice.query('SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3')
    const rows = running.rows().catch((reason) => reason)
    await runtime.untilActive(1)
    running.cancel('never mind')
    expect(await rows).toMatchObject({ name: 'AbortError', cause: 'never mind' })
    await runtime.untilActive(0)
  })

  it('is good for one reading, though the same rows can be awaited again', async () => {
    const query = spice.query('SELECT 1 AS a')
    expect(await query).toBe(await query)
    await expect(query.table()).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('cannot start once the client is closed', async () => {
    const other = await connect({ httpUrl: runtime.httpUrl, readyTimeoutMs: 0, env: {} })
    const running = other
      .query(LARGE)
      .rows()
      .catch((reason) => reason)
    await other.query('SELECT 1')
    await other.close()
    expect(await running).toMatchObject({ code: 'CLOSED' })
    await expect(other.query('SELECT 1')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
