import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime

beforeAll(async () => {
  runtime = await spawnRuntime({
    spicepod: { runtime: { query: { timeout: '2s' } } },
    args: ['--metrics', '127.0.0.1:0'],
  })
})

afterAll(() => runtime?.stop())

/** The head of the response to a statement; its body is read by whoever wants it. */
async function post(sql: string): Promise<IncomingMessage> {
  const outgoing = request(`${runtime.httpUrl}/v1/sql`, {
    method: 'POST',
    headers: { 'cache-control': 'no-cache' },
  })
  outgoing.end(sql)
  const [response] = await once(outgoing, 'response')
  return response
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true')
  }
}

const ENDLESS = 'SELECT count(*) FROM range(10000000000) a, range(1000) b'
const LARGE = "SELECT i, repeat('x', 100) AS x FROM range(10000000) t(i)"

describe('a large result', () => {
  it('is sent in chunks before the statement has ended', async () => {
    const response = await post(LARGE)
    expect(response.headers['transfer-encoding']).toBe('chunked')
    const [chunk] = await once(response, 'data')
    expect(chunk.toString('latin1', 0, 10)).toBe('[{"i":0,"x')
    expect(await runtime.active()).toHaveLength(1)
    response.destroy()
    await runtime.untilActive(0)
  })

  it('is cut off when the statement fails half-way', async () => {
    const response = await post(
      "SELECT (CASE WHEN i = 900000 THEN 'x' ELSE '1' END)::INT AS v FROM range(1000000) t(i)",
    )
    expect(response.statusCode).toBe(200)
    let received = 0
    const error = await (async () => {
      for await (const chunk of response) received += chunk.length
    })().catch((error) => error)
    expect(error.code).toBe('ECONNRESET')
    expect(received).toBeGreaterThan(0)
  })

  it('that fails before its first batch has the status of its error', async () => {
    const response = await post(
      "SELECT (CASE WHEN i = 10 THEN 'x' ELSE '1' END)::INT AS v FROM range(100) t(i)",
    )
    expect(response.statusCode).toBe(400)
    response.resume()
  })
})

describe('a statement that runs', () => {
  it('is interrupted when its client goes away', async () => {
    const outgoing = request(`${runtime.httpUrl}/v1/sql`, { method: 'POST' })
    outgoing.on('error', () => {})
    outgoing.end(ENDLESS)
    await until(async () => (await runtime.active()).some(({ sql_preview }) => sql_preview === ENDLESS))
    outgoing.destroy()
    await runtime.untilActive(0)
  })

  it('is cancelled by its id and answers 499', async () => {
    const answer = post(ENDLESS)
    await runtime.untilActive(1)
    const [query] = await runtime.active()
    expect(query).toMatchObject({ protocol: 'http', sql_preview: ENDLESS })
    const cancelled = await fetch(`${runtime.httpUrl}/v1/sql/${query.query_id}/cancel`, { method: 'POST' })
    expect(await cancelled.json()).toEqual({ query_id: query.query_id, status: 'cancelled' })
    const response = await answer
    expect(response.statusCode).toBe(499)
    response.resume()
  })

  it('is stopped with 504 when runtime.query.timeout is over', async () => {
    const response = await post(ENDLESS)
    expect(response.statusCode).toBe(504)
    response.resume()
  })
})

it('cancelling what is no query is 400, and what does not run 404', async () => {
  const cancel = (id: string) => fetch(`${runtime.httpUrl}/v1/sql/${id}/cancel`, { method: 'POST' })
  expect((await cancel('nonsense')).status).toBe(400)
  expect((await cancel('0190b6a0-0000-7000-8000-000000000000')).status).toBe(404)
})

it('requests are counted by route and status', async () => {
  const metrics = async (path: string) => (await fetch(`http://${runtime.metrics}${path}`)).text()
  await fetch(`${runtime.httpUrl}/health`)
  await until(async () =>
    /http_requests_total\{method="GET",path="\/health",status="200"\} \d/.test(await metrics('/metrics')),
  )
  expect(await metrics('/health')).toBe('OK')
})
