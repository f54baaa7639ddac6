import { Param, SpiceClient } from '@spiceai/spice'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime

beforeAll(async () => {
  runtime = await spawnRuntime({
    spicepod: {
      datasets: [
        { from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: { enabled: true } },
        { from: `file:${dataFile('flights-3m.parquet')}`, name: 'flights' },
      ],
    },
  })
})

afterAll(() => runtime?.stop())

// The client greets on the console whenever it is made.
beforeEach(() => {
  vi.spyOn(console, 'debug').mockReturnValue(undefined)
  return () => vi.restoreAllMocks()
})

describe.each(['flightOnly', 'httpOnly'] as const)('@spiceai/spice 3.2.0, %s', (mode) => {
  const client = () =>
    new SpiceClient({
      httpUrl: runtime.httpUrl,
      flightUrl: runtime.flight,
      flightTlsEnabled: false,
      [mode]: true,
    })

  it('sees that the runtime is healthy and ready', async () => {
    expect(await client().isSpiceHealthy()).toBe(true)
    expect(await client().isSpiceReady()).toBe(true)
  })

  it('runs a statement', async () => {
    const table = await client().sql('SELECT symbol, price FROM stocks ORDER BY price DESC LIMIT 2')
    expect(table.toArray().map((row) => ({ ...row.toJSON() }))).toEqual([
      { symbol: 'GOOG', price: 707 },
      { symbol: 'GOOG', price: 693 },
    ])
  })

  it('reads a result of many batches', async () => {
    const table = await client().sql('SELECT delay, distance FROM flights LIMIT 50000')
    expect(table.numRows).toBe(50_000)
  })

  it('binds parameters by position and by name', async () => {
    const count = (table: { get(index: number): Record<string, unknown> | null }) => Number(table.get(0)?.n)
    const positional = 'SELECT count(*) AS n FROM stocks WHERE symbol = $1 AND price > $2'
    expect(count(await client().sql(positional, { parameters: ['MSFT', 20.5] }))).toBe(108)
    const named = 'SELECT count(*) AS n FROM stocks WHERE symbol = $symbol'
    expect(count(await client().sql(named, { parameters: { symbol: 'IBM' } }))).toBe(123)
    const typed = 'SELECT count(*) AS n FROM flights WHERE distance = $1'
    expect(
      count(await client().sql(typed, { parameters: [mode === 'httpOnly' ? 100 : Param.int64(100n)] })),
    ).toBe(10_133)
  })

  it('gets rows with a schema', async () => {
    const { row_count, data, schema } = await client().sqlJson(
      "SELECT symbol, price FROM stocks WHERE symbol = 'IBM' LIMIT 1",
    )
    expect(row_count).toBe(1)
    expect(data).toEqual([{ symbol: 'IBM', price: 100.52 }])
    expect(schema.fields.map(({ name }) => name)).toEqual(['symbol', 'price'])
  })

  it('is told what is wrong with a statement', async () => {
    await expect(client().sql('SELECT * FROM nowhere')).rejects.toThrow(/nowhere/)
  })

  it('refreshes a dataset', async () => {
    const { message } = await client().refreshAcceleration('stocks')
    expect(message).toBe('Dataset refresh triggered for stocks.')
  })
})
