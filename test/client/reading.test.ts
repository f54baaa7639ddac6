import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { connect, type JsonValue, type Query, type SidecarClient } from '../../src/index.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { type FlightServer, flightServer } from '../support/flight-server.ts'

/** Every query has two batches of three rows. */
let server: FlightServer
let spice: SidecarClient
beforeAll(async () => {
  server = await flightServer({
    DoGet: async (call) => {
      await call.receive()
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(0, 1, 2))
      await call.send(numbersMessage(3, 4, 5))
    },
  })
  spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, server: 'spice', env: {} })
})
afterAll(async () => {
  await spice?.close()
  server?.kill()
})

describe('the first row', () => {
  it('is all that has to fit a schema', async () => {
    const small = spice.query('SELECT n FROM t').as(z.object({ n: z.bigint().max(0n) }))
    expect(await small.first()).toEqual({ n: 0n })
    const odd = spice.query('SELECT n FROM t').as(z.object({ n: z.bigint().min(1n) }))
    await expect(odd.first()).rejects.toMatchObject({ code: 'INVALID_ROW', row: 0 })
  })
})

describe('rows as JSON', () => {
  it('are what the schema made of them', async () => {
    const query = spice.query('SELECT n FROM t').as(z.object({ n: z.bigint() }))
    expect(await query.json()).toEqual(['0', '1', '2', '3', '4', '5'].map((n) => ({ n })))
    const made = z.object({ n: z.bigint() }).transform(({ n }) => (n === 0n ? new Date(0) : n))
    const json: JsonValue[] = await spice.query('SELECT n FROM t').as(made).json()
    expect(json).toEqual(['1970-01-01T00:00:00.000Z', '1', '2', '3', '4', '5'])
  })
})

describe('a reader in a loop', () => {
  /** Everything has arrived, though nobody has read it. */
  const whole = (query: Query) => vi.waitUntil(() => query.info !== null)

  it.each([
    ['is aborted', 1],
    ['is aborted after everything has arrived', 4],
  ])('of rows that %s gets no further row', async (_when, at) => {
    const controller = new AbortController()
    const query = spice.query('SELECT n FROM t', [], { signal: controller.signal })
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const { n } of query) {
        if (at === 4) await whole(query)
        if (seen.push(n) === at) controller.abort('enough')
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(seen).toHaveLength(at)
  })

  it('of rows that cancels the query gets no further row', async () => {
    const query = spice.query('SELECT n FROM t')
    const rows = query[Symbol.asyncIterator]()
    expect(await rows.next()).toEqual({ value: { n: 0n }, done: false })
    query.cancel('enough')
    await expect(rows.next()).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(await rows.next()).toEqual({ value: undefined, done: true })
  })

  it('of batches that is aborted gets no further batch', async () => {
    const controller = new AbortController()
    const query = spice.query('SELECT n FROM t', [], { signal: controller.signal })
    let batches = 0
    const reading = (async () => {
      for await (const _ of query.batches()) {
        batches++
        await whole(query)
        controller.abort('enough')
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    expect(batches).toBe(1)
  })
})
