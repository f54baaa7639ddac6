import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseFlightUrl } from '../../src/address.ts'
import { type EmbeddedRuntime, startRuntime } from '../../src/embedded/index.ts'
import {
  createFlightSource,
  type FlightSource,
  type FlightSourceOptions,
} from '../../src/flight/flight-source.ts'
import { DescriptorType, type Ticket } from '../../src/flight/messages.generated.ts'
import { collectRows } from '../support/collect-rows.ts'

let runtime: EmbeddedRuntime
beforeAll(async () => {
  runtime = await startRuntime({
    spicepod: { version: 'v1', kind: 'Spicepod', name: 'flight' } as never,
    http: '127.0.0.1:0',
    flight: '127.0.0.1:0',
    threads: 2,
  })
  await runtime.ready
})
afterAll(() => runtime.close(1000))

const open: FlightSource[] = []
afterEach(async () => {
  for (const source of open.splice(0)) await source.close()
})

function connectTo(options: Partial<FlightSourceOptions>): FlightSource {
  const address = parseFlightUrl(`grpc://${runtime.flightAddress}`, 'test')
  const source = createFlightSource({ address, ...options })
  open.push(source)
  return source
}

describe.each(['native', 'grpc-js'] as const)('the embedded runtime over %s', (transport) => {
  it('is recognised as Spice and answers in one call', async () => {
    const source = connectTo({ transport })
    expect(await source.connect()).toBe('spice')
    const before = source.stats.calls
    const { rows, error } = await collectRows(source, "SELECT 1::BIGINT AS one, 'two' AS two")
    expect([error, rows]).toEqual([null, [{ one: 1n, two: 'two' }]])
    expect(source.stats.calls - before).toBe(1)
  })

  it('gives every row of a result of many batches', async () => {
    const source = connectTo({ transport, server: 'spice' })
    const { rows, batches, error } = await collectRows(source, 'SELECT i FROM range(100000) AS t(i)')
    expect(error).toBeNull()
    expect(rows.map((row) => row.i)).toEqual(Array.from({ length: 100_000 }, (_, i) => BigInt(i)))
    expect(batches).toBe(Math.ceil(100_000 / 8192))
  })

  it('binds parameters by position and by name in 3, 2 and 1 calls', async () => {
    const source = connectTo({ transport, server: 'spice' })
    const run = (parameters: unknown[]) => collectRows(source, { sql: 'SELECT $1 + $2 AS sum', parameters })
    const results = [await run([1, 2]), await run([3, 4]), await run([1, 2])]
    expect(results.map((result) => result.error)).toEqual([null, null, null])
    expect(results.map((result) => Number(result.rows[0].sum))).toEqual([3, 7, 3])
    expect(results.map((result) => result.info.roundTrips)).toEqual([3, 2, 1])
    const named = await collectRows(source, {
      sql: 'SELECT $b AS b, $a AS a',
      parameters: { a: 'x', b: null },
    })
    expect([named.error, named.rows]).toEqual([null, [{ b: null, a: 'x' }]])
  })

  it('serves the standard path as well', async () => {
    const source = connectTo({ transport, server: 'flight-sql' })
    const plain = await collectRows(source, 'SELECT 1::BIGINT AS one')
    expect([plain.error, plain.rows, plain.info.roundTrips]).toEqual([null, [{ one: 1n }], 2])
    const bound = await collectRows(source, { sql: 'SELECT $1 AS a', parameters: ['x'] })
    expect([bound.error, bound.rows]).toEqual([null, [{ a: 'x' }]])
  })

  it.each(['spice', 'flight-sql'] as const)('refuses bad SQL with a QueryError (%s)', async (server) => {
    const source = connectTo({ transport, server })
    for (const sql of ['SELEC 1', 'SELECT * FROM no_such_table']) {
      const { error } = await collectRows(source, sql)
      expect(error).toMatchObject({ code: 'QUERY_FAILED', status: 'INVALID_ARGUMENT', sql })
    }
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
  })

  it('answers single Flight and Flight SQL calls', async () => {
    const { client } = connectTo({ transport, server: 'spice' })
    const catalogs = await client.getCatalogs()
    expect(catalogs.length).toBeGreaterThan(0)
    expect(Object.keys(catalogs[0])).toEqual(['catalog_name'])
    expect((await client.getDbSchemas()).map((row) => row.db_schema_name)).toContain('public')
    expect(Object.keys((await client.getTableTypes())[0])).toEqual(['table_type'])
    expect(await client.getTables({ tableNameFilterPattern: 'no such table' })).toEqual([])
    expect((await client.getSqlInfo([0]))[0]).toMatchObject({ info_name: 0, value: 'Spice.ai' })
    expect((await client.listActions()).map((action) => action.type)).toContain('CreatePreparedStatement')
    expect((await client.handshake({ username: '', password: 'any' })).payload.length).toBeGreaterThan(0)
    const command = new TextEncoder().encode('SELECT 1 AS one')
    expect((await client.getSchema(command)).fields.map((field) => field.name)).toEqual(['one'])
    const info = await client.getFlightInfo(command)
    expect(info.flightDescriptor?.type ?? DescriptorType.CMD).toBe(DescriptorType.CMD)
    const { ticket } = info.endpoint[0].ticket as Ticket
    const stream = client.doGet(ticket)
    expect((await stream.schema).fields).toHaveLength(1)
    let rows = 0
    for await (const batch of stream) rows += batch.rowCount
    expect(rows).toBe(1)
    await expect(client.doAction('NoSuchAction')).rejects.toMatchObject({ code: 'RPC_FAILED' })
    await expect(client.getFlightInfo(['no', 'such', 'table'])).rejects.toMatchObject({ code: 'RPC_FAILED' })
  })

  it('streams a ticket as it is consumed, and ends it when the loop is left', async () => {
    const source = connectTo({ transport, server: 'spice' })
    const sql = new TextEncoder().encode('SELECT i FROM range(1000000) AS t(i)')
    const stream = source.client.doGet(sql)
    for await (const batch of stream) {
      expect(batch.rowCount).toBe(8192)
      break
    }
    const failing = source.client.doGet(new TextEncoder().encode('SELEC 1'))
    await expect(async () => {
      for await (const _ of failing);
    }).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' })
    await expect(failing.schema).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' })
  })
})
