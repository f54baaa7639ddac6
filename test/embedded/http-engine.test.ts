import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Engine } from '../../src/embedded/engine/engine.ts'

const ENDLESS = 'SELECT count(*) FROM range(10000000000) a, range(1000) b'

let engine: Engine

beforeAll(async () => {
  engine = await Engine.open({ threads: 2, maxConcurrentQueries: 2, maxWaitingQueries: 2 })
})

afterAll(async () => {
  await engine.drain(0)
  engine.close()
})

async function run(sql: string, signal?: AbortSignal): Promise<number> {
  let rows = 0
  for await (const chunk of await engine.execute(sql, { protocol: 'internal', signal }))
    rows += chunk.rowCount
  return rows
}

describe('a statement that is stopped', () => {
  it('ends however early the signal comes, and leaves a usable connection', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const stop = new AbortController()
      const failed = run(ENDLESS, stop.signal).catch((error) => error)
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      stop.abort()
      expect(await failed).toMatchObject({ kind: 'cancelled' })
    }
    expect(engine.active.size).toBe(0)
    expect(await run('SELECT 1')).toBe(1)
  })

  it('between two chunks fails and does not look finished', async () => {
    const stop = new AbortController()
    const result = await engine.execute('FROM range(10000000)', { protocol: 'internal', signal: stop.signal })
    expect((await result.next())?.rowCount).toBe(2_048)
    stop.abort()
    await expect(result.next()).rejects.toMatchObject({ kind: 'cancelled' })
    await expect(result.next()).rejects.toMatchObject({ kind: 'cancelled' })
    expect(engine.active.size).toBe(0)
  })

  it('by closing its result while a chunk is fetched gives its connection back', async () => {
    const result = await engine.execute('FROM range(10000000)', { protocol: 'internal' })
    const next = result.next().catch((error) => error)
    await result.close()
    expect(await next).toMatchObject({ kind: 'cancelled' })
    expect(engine.active.size).toBe(0)
  })
})

it('a stream that fails tells why, after the rows before it', async () => {
  const sql = "SELECT (CASE WHEN i = 900000 THEN 'x' ELSE '1' END)::INT AS v FROM range(1000000) t(i)"
  const result = await engine.execute(sql, { protocol: 'internal' })
  let rows = 0
  const error = await (async () => {
    for await (const chunk of result) rows += chunk.rowCount
  })().catch((error) => error)
  expect(error).toMatchObject({
    kind: 'statement',
    message: "Conversion Error: Could not convert string 'x' to INT32",
  })
  expect(rows).toBeGreaterThan(0)
  expect(rows).toBeLessThan(900_001)
})

it('statements beyond the connections wait, and one beyond those is refused', async () => {
  const stop = new AbortController()
  const running = [1, 2].map(() => run(ENDLESS, stop.signal).catch((error) => error.kind))
  const waiting = [1, 2].map((n) => run(`SELECT ${n}`))
  await expect(run('SELECT 3')).rejects.toMatchObject({ kind: 'overloaded' })
  stop.abort()
  expect(await Promise.all(running)).toEqual(['cancelled', 'cancelled'])
  expect(await Promise.all(waiting)).toEqual([1, 1])
})

it('a description plans the statement and runs nothing', async () => {
  const known = await engine.describe('SELECT 1 AS a, x FROM (VALUES (1.5)) t(x) WHERE x > $1')
  expect(known.does).toBe('read')
  expect(known.columns?.map(({ name, type }) => [name, String(type)])).toEqual([
    ['a', 'INTEGER'],
    ['x', 'DECIMAL(2,1)'],
  ])
  expect(known.parameters.map(({ name, type }) => [name, String(type)])).toEqual([['1', 'DECIMAL(2,1)']])
  expect((await engine.describe('SELECT $a AS a')).columns).toBeNull()
})
