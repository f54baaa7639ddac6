import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime

beforeAll(async () => {
  runtime = await spawnRuntime({
    spicepod: {
      name: 'http-sql',
      datasets: [
        { from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: { enabled: true } },
        { from: `file:${dataFile('flights-3m.parquet')}`, name: 'flights' },
        { from: `file:${dataFile('cars.json')}`, name: 'cars' },
      ],
    },
  })
})

afterAll(() => runtime?.stop())

async function sql(body: string | object, headers: Record<string, string> = {}) {
  const isText = typeof body === 'string'
  const response = await fetch(`${runtime.httpUrl}/v1/sql`, {
    method: 'POST',
    body: isText ? body : JSON.stringify(body),
    headers: {
      'content-type': isText ? 'text/plain' : 'application/json',
      'cache-control': 'no-cache',
      ...headers,
    },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('statements', () => {
  it('finds a dataset by its bare, its half and its full name', async () => {
    for (const name of ['stocks', 'public.stocks', 'spice.public.stocks', 'STOCKS']) {
      expect((await sql(`SELECT count(*) AS n FROM ${name}`)).text).toBe('[{"n":560}]')
    }
  })

  it('reads CSV, JSON and Parquet', async () => {
    expect((await sql('SELECT count(*) AS n FROM cars')).text).toBe('[{"n":406}]')
    expect((await sql('SELECT count(*) AS n FROM flights')).text).toBe('[{"n":3000000}]')
  })

  it.each([
    ['text that is no SQL', 'SELEC 1', /syntax error at or near "SELEC"/],
    ['an unknown table', 'SELECT * FROM nowhere', /nowhere does not exist/],
    ['an unknown column', 'SELECT nothing FROM stocks', /"nothing" not found/],
    ['a value that cannot be converted', "SELECT 'x'::INT", /Could not convert/],
    ['nothing at all', ' -- nothing', /no SQL statement/],
    ['two statements', 'SELECT 1; SELECT 2', /one statement at a time/],
    [
      'a change to a dataset that is read-only',
      "INSERT INTO stocks VALUES ('A', 'B', 1)",
      /stocks is read-only/,
    ],
    ['a setting', 'SET threads = 1', /SET statements are not available/],
    [
      'a file beside the datasets',
      `SELECT * FROM read_csv('${dataFile('airports.csv')}')`,
      /disabled by configuration/,
    ],
    ['writing a file', `COPY stocks TO '/tmp/stocks.csv'`, /disabled by configuration/],
  ])('answers %s with 400 and the reason', async (_, statement, reason) => {
    const { status, text, headers } = await sql(statement)
    expect(status).toBe(400)
    expect(text).toMatch(reason)
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(headers.get('spice-trace-id')).toMatch(/^[0-9a-f]{32}$/)
  })
})
