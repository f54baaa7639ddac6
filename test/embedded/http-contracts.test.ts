import { afterEach, describe, expect, it } from 'vitest'
import { type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime

afterEach(() => runtime?.stop())

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${runtime.httpUrl}/v1/sql`, { method: 'POST', body, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('older releases', () => {
  it('rc1 knows neither parameters nor schemas nor writes, and calls everything plain text', async () => {
    runtime = await spawnRuntime({ args: ['--emulate', 'rc1'] })
    expect(await (await fetch(`${runtime.httpUrl}/v1/ready`)).text()).toBe('Ready')
    const statement = 'SELECT 1 AS a, NULL AS b'
    const rows = await post(statement, { accept: 'application/vnd.spiceai.sql.v1+json' })
    expect(rows.text).toBe('[{"a":1}]')
    expect(rows.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(rows.headers.get('x-cache')).toBe('Miss from spiceai')
    expect(rows.headers.get('results-cache-status')).toBeNull()
    expect((await post('{"sql":"SELECT 1"}', { 'content-type': 'application/json' })).status).toBe(400)
    const status = (await (await fetch(`${runtime.httpUrl}/v1/status`)).json()) as Array<{ name: string }>
    expect(status.map(({ name }) => name)).toEqual(['http', 'flight', 'metrics', 'opentelemetry'])
  })

  it('2025 takes parameters and still leaves nulls out, nested ones too', async () => {
    runtime = await spawnRuntime({ args: ['--emulate', '2025'] })
    const body = JSON.stringify({
      sql: "SELECT $1 AS a, NULL AS b, {'x': NULL, 'y': 2} AS s",
      parameters: [1],
    })
    expect((await post(body, { 'content-type': 'application/json' })).text).toBe('[{"a":1,"s":{"y":2}}]')
  })
})
