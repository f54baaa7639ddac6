import { Metadata } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { createFlightSource, type FlightSourceOptions } from '../../src/flight/flight-source.ts'
import { collectRows } from '../support/collect-rows.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { flightServer, Refusal } from '../support/flight-server.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { untilStill } from '../support/until-still.ts'
import { ScriptedRuntime } from './scripted-spice.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

describe.each(['native', 'grpc-js'] as const)('statements on a Spice runtime over %s', (transport) => {
  async function start(options: Partial<FlightSourceOptions> = {}) {
    const runtime = new ScriptedRuntime()
    const server = await flightServer(runtime.script)
    const source = createFlightSource({ transport, address: server.address, server: 'spice', ...options })
    open.push(
      () => server.kill(),
      () => source.close(),
    )
    return { runtime, server, source }
  }

  it('take one RPC without parameters', async () => {
    const { runtime, server, source } = await start()
    const first = await collectRows(source, 'SELECT n FROM t')
    expect(first).toMatchObject({ error: null, batches: 2, rows: [{ n: 1n }, { n: 2n }, { n: 3n }] })
    expect(first.schema?.fields.map((field) => field.name)).toEqual(['n'])
    expect(first.info).toMatchObject({ roundTrips: 1, warnings: [] })
    await collectRows(source, { sql: 'SELECT n FROM t', parameters: [] })
    expect(server.calls).toEqual(['DoGet', 'DoGet'])
    expect(source.stats).toMatchObject({ calls: 2, connections: 1 })
    expect(runtime.ran).toEqual(['SELECT n FROM t', 'SELECT n FROM t'])
  })

  it('take 3 RPCs with parameters, then 2, then 1 when the values repeat', async () => {
    const { server, source } = await start()
    const sql = 'SELECT n FROM t WHERE a = $1'
    const counts: number[] = []
    for (const value of ['x', 'y', 'x', 'y']) {
      const { error, rows, info } = await collectRows(source, { sql, parameters: [value] })
      expect([error, rows.length]).toEqual([null, 3])
      counts.push(info.roundTrips)
    }
    expect(counts).toEqual([3, 2, 1, 1])
    expect(server.calls).toEqual(['DoAction', 'DoPut', 'DoGet', 'DoPut', 'DoGet', 'DoGet', 'DoGet'])
  })

  it('are prepared again, once, when the runtime no longer knows the handle of a read', async () => {
    const { runtime, server, source } = await start()
    const statement = { sql: 'SELECT n FROM t WHERE a = $1', parameters: ['x'] }
    await collectRows(source, statement)
    runtime.generation = 2
    server.reset()
    const repeated = await collectRows(source, statement)
    expect(repeated).toMatchObject({ error: null, rows: [{ n: 1n }, { n: 2n }, { n: 3n }] })
    expect(server.calls).toEqual(['DoGet', 'DoAction', 'DoPut', 'DoGet'])
    expect(repeated.info.roundTrips).toBe(4)
    runtime.generation = 3
    server.reset()
    const other = await collectRows(source, { ...statement, parameters: ['y'] })
    expect(other.error).toBeNull()
    expect(server.calls).toEqual(['DoPut', 'DoAction', 'DoPut', 'DoGet'])
  })

  it('are not run again when they may write, and work the next time', async () => {
    const { runtime, server, source } = await start()
    const statement = { sql: 'INSERT INTO t VALUES ($1)', parameters: ['x'] }
    await collectRows(source, statement)
    runtime.generation = 2
    server.reset()
    const repeated = await collectRows(source, statement)
    expect(repeated.error).toMatchObject({ code: 'QUERY_FAILED', status: 'INTERNAL' })
    expect(server.calls).toEqual(['DoGet'])
    expect((await collectRows(source, statement)).error).toBeNull()
  })

  it('that fail for good are asked for twice at most', async () => {
    const { runtime, server, source } = await start()
    const statement = { sql: 'SELECT n FROM t WHERE a = $1', parameters: ['x'] }
    await collectRows(source, statement)
    runtime.answer = () => Promise.reject(new Refusal('INVALID_ARGUMENT', 'cannot cast'))
    server.reset()
    expect((await collectRows(source, statement)).error).toMatchObject({ serverMessage: 'cannot cast' })
    expect(server.calls).toEqual(['DoGet', 'DoAction', 'DoPut', 'DoGet'])
  })

  it('keep what was bound when the caller gives up', async () => {
    const { runtime, server, source } = await start()
    const statement = { sql: 'SELECT n FROM t WHERE a = $1', parameters: ['x'] }
    await collectRows(source, statement)
    server.reset()
    runtime.answer = (call) => call.cancelled
    const late = await collectRows(source, statement, { deadline: performance.now() + 20 })
    expect(late.error).toMatchObject({ code: 'TIMEOUT' })
    runtime.answer = null
    expect((await collectRows(source, statement)).error).toBeNull()
    expect(server.calls).toEqual(['DoGet', 'DoGet'])
  })

  it('with parameters are beyond a runtime that knows uploads to datasets only', async () => {
    const { server, source } = await start()
    server.script.DoPut = async (call) => {
      await call.receive()
      throw new Refusal('INVALID_ARGUMENT', 'No path provided')
    }
    for (const _ of [1, 2]) {
      const { error } = await collectRows(source, { sql: 'SELECT $1', parameters: [1] })
      expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('too old') })
    }
    expect(server.calls).toEqual(['DoAction', 'DoPut', 'DoPut'])
  })

  it('fail before anything is sent when the parameters do not fit', async () => {
    const { server, source } = await start()
    const { error } = await collectRows(source, { sql: 'SELECT $1', parameters: [1, 2] })
    expect(error).toMatchObject({ code: 'INVALID_PARAMETERS' })
    const unbindable = await collectRows(source, { sql: 'SELECT $1', parameters: [() => 1] })
    expect(unbindable.error).toMatchObject({ code: 'INVALID_PARAMETERS' })
    expect(server.calls).toEqual([])
  })

  it('carry key, cache control and headers, and report what came back', async () => {
    const { runtime, server, source } = await start({ apiKey: 'secret', headers: { 'X-App': 'a' } })
    runtime.answer = async (call) => {
      const headers = new Metadata()
      headers.set('results-cache-status', 'HIT')
      headers.set('spice-trace-id', 'abc')
      call.sendHeaders(headers)
      await call.send(schemaMessage(NUMBERS))
    }
    const { info, rows, error } = await collectRows(source, 'SELECT 1', {
      cache: 'no-cache',
      headers: { 'spice-trace-id': 'wanted', 'x-app': 'b' },
    })
    expect([error, rows]).toEqual([null, []])
    expect(info).toMatchObject({ cacheStatus: 'HIT', traceId: 'abc' })
    const sent = server.metadata[0]
    expect(sent.get('authorization')).toEqual(['Bearer secret'])
    expect(sent.get('cache-control')).toEqual(['no-cache'])
    expect(sent.get('spice-trace-id')).toEqual(['wanted'])
    expect(sent.get('x-app')).toEqual(['b'])
  })

  it.each([
    ['INVALID_ARGUMENT', { code: 'QUERY_FAILED', status: 'INVALID_ARGUMENT', transient: false }],
    ['UNAVAILABLE', { code: 'QUERY_FAILED', status: 'UNAVAILABLE', transient: true }],
    ['DEADLINE_EXCEEDED', { code: 'QUERY_FAILED', status: 'DEADLINE_EXCEEDED' }],
    ['UNAUTHENTICATED', { code: 'UNAUTHENTICATED' }],
    ['PERMISSION_DENIED', { code: 'PERMISSION_DENIED' }],
  ] as const)('refused with %s end with the error of their own', async (status, expected) => {
    const { runtime, source } = await start()
    runtime.answer = () => Promise.reject(new Refusal(status, 'the words of the server'))
    const { error } = await collectRows(source, 'SELECT\n  broken')
    expect(error).toMatchObject({ ...expected, message: expect.stringContaining('the words of the server') })
    if (expected.code === 'QUERY_FAILED') expect(error?.message).toContain('in: SELECT broken')
    runtime.answer = null
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
  })

  it('that the runtime marks as retryable are transient', async () => {
    const { runtime, source } = await start()
    const trailers = new Metadata()
    trailers.set('spiceai-retryable', '1')
    runtime.answer = () => Promise.reject(new Refusal('INVALID_ARGUMENT', 'reset', trailers))
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ transient: true })
  })

  it('that break off in the middle are errors, and the next one works', async () => {
    const { runtime, source } = await start()
    runtime.answer = async (call) => {
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(1))
      throw new Refusal('UNAVAILABLE', 'went away')
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ status: 'UNAVAILABLE' })
    runtime.answer = null
    expect((await collectRows(source, 'SELECT 1')).rows).toHaveLength(3)
  })

  it('whose connection is lost in the middle end with ConnectionError', async () => {
    const runtime = new ScriptedRuntime()
    const server = await flightServer(runtime.script)
    const proxy = await new TcpProxy(server.port).listen()
    const address = { secure: false, host: '127.0.0.1', port: proxy.port }
    const source = createFlightSource({ transport, address, server: 'spice' })
    open.push(
      () => server.kill(),
      () => proxy.close(),
      () => source.close(),
    )
    runtime.answer = async (call) => {
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(1))
      await call.cancelled
    }
    const { error } = await collectRows(source, 'SELECT 1', {}, () => proxy.sever())
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', unprocessed: false })
    runtime.answer = null
    let next = await collectRows(source, 'SELECT 1')
    // The loss may be noticed by the next call only; then that one says so.
    if (next.error !== null) next = await collectRows(source, 'SELECT 1')
    expect(next.error).toBeNull()
  })

  it.each([
    ['has no schema', []],
    ['begins with a batch', [numbersMessage(1)]],
    ['holds bytes that are no message', [Uint8Array.of(0x12, 200, 1)]],
    ['holds a header that is no Arrow message', [Uint8Array.of(0x12, 2, 1, 1)]],
  ])('whose stream %s end with ProtocolError', async (_what, messages) => {
    const { runtime, source } = await start()
    runtime.answer = async (call) => {
      for (const message of messages) await call.send(message)
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'PROTOCOL' })
    runtime.answer = null
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
  })

  it('can be cancelled, aborted and limited in time', async () => {
    const { runtime, source } = await start()
    runtime.answer = async (call) => {
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(1))
      await call.cancelled
    }
    const { AbortError } = await import('../../src/errors.ts')
    const cancelled = await collectRows(source, 'SELECT 1', {}, (execution) =>
      execution.cancel(new AbortError('by test')),
    )
    expect(cancelled.error).toMatchObject({ message: 'by test' })
    const controller = new AbortController()
    const aborted = await collectRows(source, 'SELECT 1', { signal: controller.signal }, () =>
      controller.abort(),
    )
    expect(aborted.error).toMatchObject({ code: 'ABORTED' })
    const late = await collectRows(source, 'SELECT 1', { deadline: performance.now() + 60 })
    expect(late.error).toMatchObject({ code: 'TIMEOUT' })
    const during = await collectRows(
      source,
      { sql: 'SELECT $1', parameters: [1] },
      { signal: AbortSignal.abort() },
    )
    expect(during.error).toMatchObject({ code: 'ABORTED' })
  })

  it('hold the server back while paused', async () => {
    const { runtime, source } = await start({ connection: { streamWindowBytes: 65_535 } })
    const batch = numbersMessage(...Array.from({ length: 10_000 }, (_, i) => i))
    let sent = 0
    runtime.answer = async (call) => {
      await call.send(schemaMessage(NUMBERS))
      for (; sent < 100; sent++) await call.send(batch)
    }
    const result = await collectRows(source, 'SELECT 1', {}, async (execution, batches) => {
      if (batches !== 2) return
      execution.pause()
      expect(await untilStill(() => sent)).toBeLessThan(50)
      execution.resume()
    })
    expect(result).toMatchObject({ error: null, batches: 100 })
  })

  it('end with ClosedError after close', async () => {
    const { source } = await start()
    await source.close()
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'CLOSED' })
  })
})

describe('credentials', () => {
  const address = { secure: false, host: 'runtime.example', port: 50051 }

  it('are not sent in clear text to another host, unless that is allowed', () => {
    expect(() => createFlightSource({ address, apiKey: 'k' })).toThrow(/clear text/)
    expect(() => createFlightSource({ address, apiKey: 'k', allowInsecure: true })).not.toThrow()
    expect(() => createFlightSource({ address: { ...address, secure: true }, apiKey: 'k' })).not.toThrow()
    expect(() => createFlightSource({ address })).not.toThrow()
  })
})
