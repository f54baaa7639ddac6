import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type SidecarClient, sql } from '../../src/index.ts'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime
let spice: SidecarClient

beforeAll(async () => {
  runtime = await spawnRuntime({
    spicepod: {
      version: 'v1',
      kind: 'Spicepod',
      name: 'test',
      datasets: [
        { name: 'stocks', from: `file:${dataFile('stocks.csv')}`, acceleration: { enabled: true } },
        { name: 'notes', from: `file:${dataFile('barley.json')}`, access: 'read_write' },
      ],
    },
  })
  spice = await connect({ httpUrl: runtime.httpUrl, transport: 'http', env: {} })
})
afterAll(async () => {
  await spice?.close()
  await runtime?.stop()
})

describe('the embedded runtime over HTTP', () => {
  it('answers statements, with values bound by position, by name and by template', async () => {
    const statement = 'SELECT count(*) AS n FROM stocks WHERE symbol = '
    const expected = [{ n: 123n }]
    expect(await spice.query(`${statement}$1`, ['MSFT'])).toEqual(expected)
    expect(await spice.query(`${statement}$symbol`, { symbol: 'MSFT' })).toEqual(expected)
    expect(await spice.sql`SELECT count(*) AS n FROM stocks WHERE symbol = ${'MSFT'}`).toEqual(expected)
    expect(await spice.query(sql`SELECT count(*) AS n FROM stocks WHERE symbol = ${'MSFT'}`)).toEqual(
      expected,
    )
  })

  it('gives an apache-arrow table of the reply', async () => {
    const table = await spice.query('SELECT symbol, price FROM stocks ORDER BY price DESC LIMIT 3').table()
    expect(table.numRows).toBe(3)
    expect(table.schema.names).toEqual(['symbol', 'price'])
    expect(table.getChild('price')?.get(0)).toBeGreaterThan(700)
  })

  it('gives an empty table with its columns', async () => {
    const table = await spice.query('SELECT symbol, price FROM stocks WHERE price < 0').table()
    expect(table.numRows).toBe(0)
  })

  it.each([
    ['that does not parse', 'SELEC 1'],
    ['that names an unknown table', 'SELECT * FROM nowhere'],
  ])('refuses a statement %s, and the next one works', async (_, statement) => {
    const error = await spice
      .query(statement)
      .rows()
      .catch((reason) => reason)
    expect(error).toMatchObject({ code: 'QUERY_FAILED', status: 'HTTP 400', sql: statement })
    expect(error.message).toContain(statement)
    expect(await spice.query('SELECT 1 AS one')).toHaveLength(1)
  })

  it.each<[string, string, unknown[] | Record<string, unknown>]>([
    ['too few', 'SELECT $1 + $2', [1]],
    ['too many', 'SELECT $1', [1, 2]],
    ['unbindable', 'SELECT $1', [Symbol('x')]],
    ['of a missing name', 'SELECT $a', { b: 1 }],
  ])('parameters that are %s fail before anything is sent', async (_, statement, parameters) => {
    await expect(spice.query(statement, parameters)).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
  })

  it('lists what it serves', async () => {
    expect((await spice.status()).map(({ name }) => name)).toContain('flight')
    expect(await spice.ready()).toBe(true)
    expect(await spice.datasets.list()).toContainEqual(
      expect.objectContaining({ name: 'stocks', accelerationEnabled: true, status: 'Ready' }),
    )
    expect(Array.isArray(await spice.catalogs.list())).toBe(true)
  })

  it('refreshes an accelerated dataset, and says which it does not know', async () => {
    expect(await spice.datasets.refresh('stocks')).toContain('stocks')
    await expect(spice.datasets.refresh('nowhere')).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      status: 404,
    })
  })

  it('says how many rows a statement changed', async () => {
    const result = await spice.execute('DELETE FROM notes WHERE year = $1', [1931])
    expect(result.rowCount).toBe(60n)
  })

  it('is cancelled by a signal half-way, and goes on', async () => {
    const abort = new AbortController()
    const slow = spice.query('SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3', undefined, {
      signal: abort.signal,
    })
    const failed = slow.rows().catch((reason) => reason)
    await runtime.untilActive(1)
    abort.abort(new Error('changed my mind'))
    expect(await failed).toMatchObject({ name: 'AbortError', cause: new Error('changed my mind') })
    await runtime.untilActive(0)
    expect(await spice.query('SELECT 1 AS one')).toHaveLength(1)
  })

  it('is given up after timeoutMs', async () => {
    const slow = spice.query('SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3', [], {
      timeoutMs: 60,
    })
    await expect(slow).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 60 })
  })
})
