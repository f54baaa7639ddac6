import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let directory: string
let runtime: SpawnedRuntime

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'runtime-api-'))
  await copyFile(dataFile('stocks.csv'), join(directory, 'stocks.csv'))
  await writeFile(join(directory, 'events.csv'), 'id,name\n1,a\n2,b\n')
  runtime = await spawnRuntime({
    spicepod: {
      name: 'api',
      runtime: { auth: { 'api-key': { enabled: true, keys: ['writer:rw', 'reader:ro'] } } },
      datasets: [
        { from: `file:${join(directory, 'stocks.csv')}`, name: 'stocks' },
        { from: `file:${join(directory, 'events.csv')}`, name: 'events', acceleration: { enabled: true } },
        { from: `file:${join(directory, 'events.csv')}`, name: 'app.orders', access: 'read_write' },
      ],
      views: [{ name: 'names', sql: 'SELECT name FROM events ORDER BY id' }],
    },
  })
})

afterAll(async () => {
  await runtime?.stop()
  await rm(directory, { recursive: true })
})

async function call(path: string, init: RequestInit = {}, key = 'writer') {
  const response = await fetch(runtime.httpUrl + path, {
    ...init,
    headers: { ...(key && { 'x-api-key': key }), ...(init.headers as Record<string, string>) },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function sql(statement: string, headers: Record<string, string> = {}, key?: string) {
  return call('/v1/sql', { method: 'POST', body: statement, headers }, key)
}

async function untilStatus(name: string, status: string): Promise<void> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const datasets = JSON.parse((await call('/v1/datasets?status=true')).text) as Array<
      Record<string, string>
    >
    if (datasets.find((dataset) => dataset.name === name)?.status === status) return
    if (Date.now() > deadline) throw new Error(`${name} did not become ${status}`)
  }
}

describe('API keys', () => {
  it('are asked for everywhere but on /health and /v1/ready', async () => {
    for (const path of ['/v1/status', '/v1/datasets', '/v1/spicepods', '/v1/sql/active']) {
      const refused = await call(path, {}, '')
      expect(refused).toMatchObject({ status: 401, text: 'Unauthorized' })
      expect((await call(path)).status).toBe(200)
    }
    expect((await call('/v1/status', {}, 'wrong')).status).toBe(401)
    expect((await call('/v1/status', { headers: { authorization: 'Bearer writer' } }, '')).status).toBe(401)
    expect((await call('/health', {}, '')).text).toBe('ok\n')
    expect((await call('/v1/ready', {}, '')).text).toBe('ready')
  })

  it('without the right to write may read and nothing else', async () => {
    expect((await sql('SELECT 1 AS a', {}, 'reader')).text).toBe('[{"a":1}]')
    const write = await sql("INSERT INTO app.orders VALUES (9, 'z')", {}, 'reader')
    expect(write.status).toBe(403)
    expect(write.text).toContain('read-only SQL context')
    const explained = await sql("EXPLAIN ANALYZE INSERT INTO app.orders VALUES (9, 'z')", {}, 'reader')
    expect(explained.status).toBe(403)
    const refresh = await call('/v1/datasets/events/acceleration/refresh', { method: 'POST' }, 'reader')
    expect(refresh).toMatchObject({ status: 403, text: '{"message":"API key does not allow write access"}' })
  })
})

describe('lists', () => {
  it('/v1/status names the addresses really listened on', async () => {
    expect(JSON.parse((await call('/v1/status')).text)).toEqual([
      { name: 'http', endpoint: runtime.http, status: 'Ready' },
      { name: 'flight', endpoint: runtime.flight, status: 'Ready' },
      { name: 'metrics', endpoint: 'N/A', status: 'Disabled' },
    ])
    expect((await call('/v1/status?format=csv')).text).toBe(
      `name,endpoint,status\nhttp,${runtime.http},Ready\nflight,${runtime.flight},Ready\nmetrics,N/A,Disabled\n`,
    )
  })

  it('/v1/datasets tells what is accelerated, and the status when asked', async () => {
    const [stocks, events] = JSON.parse((await call('/v1/datasets')).text)
    expect(stocks).toEqual({
      from: `file:${join(directory, 'stocks.csv')}`,
      name: 'stocks',
      replication_enabled: false,
      acceleration_enabled: false,
    })
    expect(events.acceleration_enabled).toBe(true)
    expect(JSON.parse((await call('/v1/datasets?status=true&source=file')).text)[0].status).toBe('Ready')
    expect((await call('/v1/datasets?source=postgres')).text).toBe('[]')
  })

  it('/v1/catalogs and /v1/spicepods answer in JSON and CSV', async () => {
    expect((await call('/v1/catalogs')).text).toBe('[]')
    expect(JSON.parse((await call('/v1/spicepods')).text)[0]).toMatchObject({ name: 'api' })
    expect((await call('/v1/spicepods?format=csv')).text).toContain('\napi,v1,3,0,0\n')
  })

  it('what needs models is not there, and asynchronous queries need a scheduler', async () => {
    for (const path of ['/v1/models', '/v1/tools', '/v1/workers', '/nowhere'])
      expect((await call(path)).status).toBe(404)
    expect((await call('/v1/search', { method: 'POST', body: '{}' })).status).toBe(404)
    const queries = await call('/v1/queries', { method: 'POST', body: '{}' })
    expect(queries.status).toBe(503)
    expect(JSON.parse(queries.text).error).toContain('running as scheduler')
  })
})

describe('refreshing', () => {
  const refresh = (name: string, body?: string) =>
    call(`/v1/datasets/${name}/acceleration/refresh`, { method: 'POST', body })

  it('reads the file again and answers at once', async () => {
    await writeFile(join(directory, 'events.csv'), 'id,name\n1,a\n2,b\n3,c\n')
    expect(await refresh('EVENTS')).toMatchObject({
      status: 201,
      text: '{"message":"Dataset refresh triggered for events."}',
    })
    await untilStatus('events', 'Ready')
    expect((await sql('SELECT * FROM names', { 'cache-control': 'no-cache' })).text).toBe(
      '[{"name":"a"},{"name":"b"},{"name":"c"}]',
    )
  })

  it('takes the rows refresh_sql names', async () => {
    expect((await refresh('events', '{"refresh_sql":"SELECT * FROM events WHERE id > 1"}')).status).toBe(201)
    await untilStatus('events', 'Ready')
    expect((await sql('SELECT count(*) AS n FROM events', { 'cache-control': 'no-cache' })).text).toBe(
      '[{"n":2}]',
    )
  })

  it('that fails shows in the status and leaves the old rows', async () => {
    expect((await refresh('events', '{"refresh_sql":"SELECT nothing FROM events"}')).status).toBe(201)
    await untilStatus('events', 'Error')
    expect((await sql('SELECT count(*) > 0 AS some FROM events')).text).toBe('[{"some":true}]')
    expect((await call('/v1/ready')).text).toBe('ready')
  })

  it('is refused for what does not exist or is not accelerated', async () => {
    expect(await refresh('nowhere')).toMatchObject({
      status: 404,
      text: '{"message":"Dataset nowhere not found"}',
    })
    expect((await refresh('stocks')).status).toBe(400)
  })
})

describe('changing data', () => {
  it('works on datasets with access: read_write and counts the rows', async () => {
    const fresh = { 'cache-control': 'no-cache' }
    expect((await sql("INSERT INTO app.orders VALUES (3, 'c'), (4, 'd')")).text).toBe('[{"count":2}]')
    expect((await sql("UPDATE spice.app.orders SET name = 'x' WHERE id > 2")).text).toBe('[{"count":2}]')
    expect((await sql('DELETE FROM app."orders" WHERE id = 1')).text).toBe('[{"count":1}]')
    expect((await sql('SELECT id, name FROM app.orders ORDER BY id', fresh)).text).toBe(
      '[{"id":2,"name":"b"},{"id":3,"name":"x"},{"id":4,"name":"x"}]',
    )
  })

  it.each([
    ['INSERT INTO stocks SELECT * FROM stocks', /stocks/],
    ['DELETE FROM names', /base table/],
    ['CREATE TABLE mine (a INT)', /mine is no dataset/],
    ['CREATE VIEW v AS SELECT 1', /not available/],
    ['DROP TABLE app.orders', /not available/],
  ])('is refused elsewhere: %s', async (statement, reason) => {
    const { status, text } = await sql(statement)
    expect(status).toBe(400)
    expect(text).toMatch(reason)
  })
})

describe('the results cache', () => {
  const state = async (statement: string, headers?: Record<string, string>) => {
    const { headers: sent } = await sql(statement, headers)
    return [sent.get('results-cache-status'), sent.get('x-cache')]
  }

  it('answers the same statement again, unless told not to look', async () => {
    const statement = "SELECT 'cached' AS a"
    expect(await state(statement)).toEqual(['MISS', 'Miss from spiceai'])
    expect(await state(statement)).toEqual(['HIT', 'Hit from spiceai'])
    expect(await state(statement, { accept: 'text/csv' })).toEqual(['MISS', 'Miss from spiceai'])
    expect(await state(statement, { 'cache-control': 'no-cache' })).toEqual(['BYPASS', null])
  })

  it('forgets everything when data changes, and never keeps a change', async () => {
    const count = 'SELECT count(*) AS n FROM app.orders'
    const before = JSON.parse((await sql(count)).text)[0].n
    const insert = "INSERT INTO app.orders VALUES (7, 'g')"
    await sql(insert)
    await sql(insert)
    expect(JSON.parse((await sql(count)).text)[0].n).toBe(before + 2)
  })

  it('is only for the key that asked', async () => {
    const statement = "SELECT 'mine' AS a"
    const { headers } = await sql(statement, {}, 'writer')
    expect(headers.get('results-cache-scope')).toBe('user')
    expect(headers.get('vary')).toContain('X-API-Key')
    expect((await sql(statement, {}, 'reader')).headers.get('results-cache-status')).toBe('MISS')
  })

  it('misses are not made up for by running when only-if-cached is asked for', async () => {
    expect((await sql("SELECT 'never' AS a", { 'cache-control': 'only-if-cached' })).status).toBe(504)
  })
})

it('a trace id is taken over, and made when it is none', async () => {
  const id = '0123456789abcdef0123456789abcdef'
  expect((await sql('SELECT 1', { 'spice-trace-id': id })).headers.get('spice-trace-id')).toBe(id)
  expect(
    (await sql('SELECT 1', { traceparent: `00-${id}-0123456789abcdef-01` })).headers.get('spice-trace-id'),
  ).toBe(id)
  const made = (await sql('SELECT 1', { 'spice-trace-id': '0'.repeat(32) })).headers.get('spice-trace-id')
  expect(made).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
})
