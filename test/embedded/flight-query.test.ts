import { type ServiceError, status } from '@grpc/grpc-js'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAny } from '../../src/flight/any.ts'
import {
  Any,
  CommandGetExportedKeys,
  CommandStatementIngest,
  CommandStatementQuery,
  CommandStatementUpdate,
  DescriptorType,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'
import { RawFlightClient, rpcErrorOf, tableOf } from '../support/raw-flight-client.ts'

let runtime: FlightRuntime
let client: RawFlightClient
beforeAll(async () => {
  runtime = await startFlightRuntime()
  client = new RawFlightClient(runtime.address)
})
afterAll(async () => {
  client?.close()
  await runtime?.close()
})

const SQL = `SELECT i, 'row ' || i AS text FROM range(20000) AS t(i)`
const cmd = (command: Uint8Array | string) => ({
  type: DescriptorType.CMD,
  cmd: Buffer.from(command as string),
})
const fieldsOf = (schema: Uint8Array) =>
  tableFromIPC(schema).schema.fields.map((field) => `${field.name} ${field.type}`)

describe('DoGet', () => {
  it('sends the schema, then one message per batch of 8192 rows', async () => {
    const { messages } = await client.doGet(SQL)
    expect(messages.map((message) => message.body.length > 0)).toEqual([false, true, true, true])
  })

  it('takes SQL as text and as a Flight SQL command', async () => {
    const command = packAny(CommandStatementQuery, { query: SQL })
    const [asText, asCommand] = [await client.table(SQL), await client.table(command)]
    expect(asText.numRows).toBe(20000)
    expect(asText.get(19999)!.toJSON()).toEqual({ i: 19999n, text: 'row 19999' })
    expect(asCommand.get(19999)!.toJSON()).toEqual(asText.get(19999)!.toJSON())
  })

  it('reads a dataset of the spicepod under each of its names', async () => {
    for (const name of ['trades', 'public.trades', 'spice.public.trades', 'TRADES']) {
      expect((await client.table(`SELECT symbol FROM ${name}`)).numRows).toBe(3)
    }
  })

  it('sends only the schema when there are no rows', async () => {
    const { messages } = await client.doGet('SELECT 1 AS a WHERE false')
    expect(messages).toHaveLength(1)
  })

  it('sends the dictionary of an ENUM once in a stream of several batches', async () => {
    const sql = `SELECT ['a', 'b'][1 + i % 2]::ENUM('a', 'b') AS e FROM range(20000) AS t(i)`
    const { messages } = await client.doGet(sql)
    expect(messages).toHaveLength(5)
    const table = await client.table(sql)
    expect([table.get(0)!.e, table.get(19999)!.e]).toEqual(['a', 'b'])
  })

  it('answers the trace a ticket or a header names, and none otherwise', async () => {
    const info = await client.flightInfo(cmd('SELECT 1'))
    const traceId = JSON.parse(Buffer.from(info.appMetadata).toString()).trace_id
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    const fromTicket = await client.doGet(info.endpoint[0].ticket!.ticket)
    expect(fromTicket.metadata.get('spice-trace-id')).toEqual([traceId])
    expect((await client.doGet('SELECT 1')).metadata.get('spice-trace-id')).toEqual([])
    const pinned = new RawFlightClient(runtime.address, { 'spice-trace-id': 'AB'.repeat(16) })
    expect((await pinned.doGet('SELECT 1')).metadata.get('spice-trace-id')).toEqual(['ab'.repeat(16)])
    pinned.close()
  })

  it.each([
    ['SQL that does not parse', 'SELEC 1', status.INVALID_ARGUMENT],
    ['an unknown table', 'SELECT * FROM nowhere', status.INVALID_ARGUMENT],
    [
      'an error while rows are computed',
      `SELECT error('x' || i) FROM range(10) AS t(i)`,
      status.INVALID_ARGUMENT,
    ],
    ['a value Arrow cannot hold', 'SELECT 170141183460469231731687303715884105727', status.INVALID_ARGUMENT],
    ['two statements', 'SELECT 1; SELECT 2', status.INVALID_ARGUMENT],
    ['bytes that are no text', Buffer.from([0x53, 0xff, 0xfe]), status.INVALID_ARGUMENT],
    ['an unknown Any', encode(Any, { typeUrl: 'type.googleapis.com/x.Y' }), status.UNIMPLEMENTED],
    ['a command not offered', packAny(CommandGetExportedKeys, { table: 't' }), status.UNIMPLEMENTED],
    ['an update', packAny(CommandStatementUpdate, { query: 'DELETE FROM journal' }), status.INVALID_ARGUMENT],
    ['an ingest', packAny(CommandStatementIngest, { table: 'journal' }), status.UNIMPLEMENTED],
    ['a write to a read-only dataset', 'DELETE FROM trades', status.INVALID_ARGUMENT],
  ])('refuses %s', async (_, ticket, code) => {
    expect((await rpcErrorOf(client.doGet(ticket))).code).toBe(code)
    expect((await client.table('SELECT 1 AS a')).numRows).toBe(1)
  })

  it('runs a write to a writable dataset and returns its count', async () => {
    const table = await client.table(`INSERT INTO journal SELECT 100 + i, 'sql', 0 FROM range(3) AS t(i)`)
    expect(table.get(0)!.toJSON()).toEqual({ count: 3n })
    expect((await client.table(`DELETE FROM journal WHERE note = 'sql'`)).get(0)!.count).toBe(3n)
  })

  it('tells whether the result came from the cache, which a write empties', async () => {
    const query = 'SELECT random() AS r, count(*) AS n FROM journal'
    const ask = async (headers: Record<string, string> = {}) => {
      const asking = new RawFlightClient(runtime.address, headers)
      const { metadata, messages } = await asking.doGet(query)
      asking.close()
      const cache = ['results-cache-status', 'x-cache'].map((name) => metadata.get(name)[0])
      return { cache, row: JSON.stringify(tableOf(messages).get(0)!.r) }
    }
    const first = await ask()
    expect(first.cache).toEqual(['MISS', 'Miss from spiceai'])
    expect(await ask()).toEqual({ cache: ['HIT', 'Hit from spiceai'], row: first.row })
    expect((await ask({ 'cache-control': 'no-cache' })).cache).toEqual(['BYPASS', undefined])
    await client.table(`INSERT INTO journal VALUES (600, 'cache', 0)`)
    expect((await ask()).cache[0]).toBe('MISS')
    expect((await rpcErrorOf(ask({ 'cache-control': 'only-if-cached', 'spice-cache-key': 'x' }))).code).toBe(
      status.DEADLINE_EXCEEDED,
    )
  })

  it('interrupts the statement when its client cancels', async () => {
    const sql = `SELECT count(*) FROM range(100000000) AS a(i), range(1000000) AS b(j) WHERE i + j = 3`
    const call = client.serverStream('DoGet', encode(Ticket, { ticket: Buffer.from(sql) }))
    const failed = rpcErrorOf(
      (async () => {
        for await (const _ of call) call.cancel()
      })(),
    )
    await runtime.untilActive(1)
    call.cancel()
    expect((await failed).code).toBe(status.CANCELLED)
    await runtime.untilActive(0)
  })
})

describe('a client that does not read', () => {
  const ENDLESS = 'SELECT i FROM range(1000000000) AS t(i)'

  /** A stream of which nothing is read after its first message. */
  async function stalledStream(address: string, sql = ENDLESS) {
    const stalled = new RawFlightClient(address)
    const call = stalled.serverStream('DoGet', encode(Ticket, { ticket: Buffer.from(sql) }))
    const ended = new Promise<ServiceError>((resolve) => call.once('error', resolve))
    await new Promise((resolve) => call.once('data', resolve))
    call.pause()
    return { call, ended, close: () => stalled.close() }
  }

  it('holds its statement up, while others read the same one to its end', async () => {
    const sql = `SELECT i, repeat('x', 100) AS text FROM range(200000) AS t(i)`
    const { call, ended, close } = await stalledStream(runtime.address, sql)
    expect((await client.table(sql)).numRows).toBe(200_000)
    await runtime.untilActive(1)
    call.cancel()
    expect((await ended).code).toBe(status.CANCELLED)
    await runtime.untilActive(0)
    close()
  })

  it('does not keep its statement from being cancelled over HTTP', async () => {
    const { call, ended, close } = await stalledStream(runtime.address)
    const active = await (await fetch(`${runtime.httpUrl}/v1/sql/active`)).json()
    const { query_id } = (active as { queries: Array<{ query_id: string }> }).queries[0]
    await fetch(`${runtime.httpUrl}/v1/sql/${query_id}/cancel`, { method: 'POST' })
    await runtime.untilActive(0)
    call.resume()
    expect((await ended).code).toBe(status.CANCELLED)
    close()
  })

  it('does not keep the runtime from ending when its time is up', async () => {
    const stopping = await startFlightRuntime({ args: ['--shutdown-timeout', '1'] })
    const { ended, close } = await stalledStream(stopping.address)
    expect(await stopping.close()).toBe(0)
    expect((await ended).code).toBeGreaterThan(0)
    close()
  })
})

describe('GetFlightInfo', () => {
  it('plans the statement and gives one endpoint without a location, whose ticket runs it', async () => {
    const info = await client.flightInfo(cmd(SQL))
    expect(info.endpoint).toHaveLength(1)
    expect(info.endpoint[0].location).toEqual([])
    expect(info.totalRecords).toBe(0n)
    expect(fieldsOf(info.schema)).toEqual(['i Int64', 'text Utf8'])
    expect((await client.table(info.endpoint[0].ticket!.ticket)).numRows).toBe(20000)
  })

  it('wraps tickets with their trace, so that no two are the same', async () => {
    const tickets = await Promise.all([1, 2].map(async () => (await client.flightInfo(cmd(SQL))).endpoint[0]))
    const [first, second] = tickets.map((endpoint) => decode(Any, endpoint.ticket!.ticket))
    expect(first.typeUrl).toBe('type.googleapis.com/spiceai.flight.TracedTicket')
    expect(Buffer.from(first.value.subarray(32)).toString()).toBe(SQL)
    expect(Buffer.from(first.value).equals(second.value)).toBe(false)
  })

  it('reports what is wrong with a statement', async () => {
    const error = await rpcErrorOf(client.flightInfo(cmd('SELECT nothing FROM trades')))
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.details).toContain('nothing')
  })

  it('gives no endpoint for a command that DoPut executes', async () => {
    const update = packAny(CommandStatementUpdate, { query: 'DELETE FROM journal' })
    const info = await client.flightInfo(cmd(update))
    expect([info.endpoint, info.schema.length, info.totalRecords]).toEqual([[], 0, -1n])
  })
})

describe('GetSchema', () => {
  it('plans SQL, and reads the schema of a table named by path', async () => {
    expect(fieldsOf(await client.schema(cmd('SELECT 1 AS one')))).toEqual(['one Int32'])
    for (const path of [['trades'], ['spice', 'public', 'trades']]) {
      const schema = await client.schema({ type: DescriptorType.PATH, path })
      expect(fieldsOf(schema)).toEqual(['symbol Utf8', 'price Float64', 'size Int64'])
    }
  })

  it('answers NOT_FOUND for a table that does not exist', async () => {
    const error = await rpcErrorOf(client.schema({ type: DescriptorType.PATH, path: ['nowhere'] }))
    expect([error.code, error.details]).toEqual([status.NOT_FOUND, 'Table not found: nowhere'])
  })
})

it('methods the runtime does not offer are UNIMPLEMENTED', async () => {
  expect((await rpcErrorOf(client.unary('PollFlightInfo', new Uint8Array(0)))).code).toBe(
    status.UNIMPLEMENTED,
  )
  const list = client.serverStream('ListFlights', new Uint8Array(0))
  expect((await rpcErrorOf(list.toArray())).code).toBe(status.UNIMPLEMENTED)
})
