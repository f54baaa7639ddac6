import { Metadata } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { AbortError, ConnectionError } from '../../src/errors.ts'
import { anyTypeName, packAny, unpackAny } from '../../src/flight/any.ts'
import { parseFlightData } from '../../src/flight/flight-data.ts'
import { createFlightSource, type FlightSourceOptions } from '../../src/flight/flight-source.ts'
import {
  Action,
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  Any,
  CommandGetSqlInfo,
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  CommandStatementQuery,
  CommandStatementUpdate,
  DoPutPreparedStatementResult,
  DoPutUpdateResult,
  FlightDescriptor,
  FlightInfo,
  PutResult,
  Result,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode, type MessageInit } from '../../src/flight/protobuf.ts'
import { RetryingSource } from '../../src/resilience/retrying-source.ts'
import { isReadOnly } from '../../src/sql/classify.ts'
import { collectRows } from '../support/collect-rows.ts'
import {
  encapsulated,
  NUMBERS,
  numbersMessage,
  schemaMessage,
  schemaOf,
  textMessage,
} from '../support/flight-batches.ts'
import { type FlightScript, type FlightServer, flightServer, Refusal } from '../support/flight-server.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function listen(script: FlightScript): Promise<FlightServer> {
  const server = await flightServer(script)
  open.push(() => server.kill())
  return server
}

const ticket = (name: string) => ({ ticket: Buffer.from(name) })
const NAMES = schemaOf({ value: { kind: 'utf8' } })

/** A server that follows the standard: every statement has a plan, prepared statements live at the server. */
class ScriptedServer {
  /** What GetFlightInfo answers for a statement; by default one endpoint at the server itself. */
  plan: (sql: string) => MessageInit<FlightInfo> = () => ({ endpoint: [{ ticket: ticket('0') }] })
  /** The name GetSqlInfo gives; null when it is not served. */
  name: string | null = null
  /** Handles of prepared statements: the statement, and how often it was bound. */
  readonly prepared = new Map<string, { sql: string; binds: number }>()
  private nextHandle = 1

  readonly script: FlightScript = {
    GetFlightInfo: async (call) => {
      const { cmd } = decode(FlightDescriptor, (await call.receive())!)
      const any = decode(Any, cmd)
      if (anyTypeName(any) === CommandGetSqlInfo.typeName) {
        if (this.name === null) throw new Refusal('UNIMPLEMENTED', 'no GetSqlInfo')
        await call.send(encode(FlightInfo, { endpoint: [{ ticket: ticket('name') }] }))
        return
      }
      const sql =
        anyTypeName(any) === CommandStatementQuery.typeName
          ? decode(CommandStatementQuery, any.value).query
          : this.statement(unpackAny(CommandPreparedStatementQuery, cmd).preparedStatementHandle).sql
      await call.send(encode(FlightInfo, this.plan(sql)))
    },
    DoGet: async (call) => {
      const name = Buffer.from(decode(Ticket, (await call.receive())!).ticket).toString()
      if (name === 'name') {
        await call.send(schemaMessage(NAMES))
        await call.send(textMessage(NAMES, this.name!))
        return
      }
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(Number(name), Number(name) + 1))
    },
    DoAction: async (call) => {
      const { type, body } = decode(Action, (await call.receive())!)
      if (type === 'ClosePreparedStatement') {
        const { preparedStatementHandle } = unpackAny(ActionClosePreparedStatementRequest, body)
        this.prepared.delete(Buffer.from(preparedStatementHandle).toString())
        return
      }
      const { query } = unpackAny(ActionCreatePreparedStatementRequest, body)
      const handle = `handle ${this.nextHandle++}`
      this.prepared.set(handle, { sql: query, binds: 0 })
      const result = packAny(ActionCreatePreparedStatementResult, {
        preparedStatementHandle: Buffer.from(handle),
      })
      await call.send(encode(Result, { body: result }))
    },
    DoPut: async (call) => {
      const messages = (await call.receiveAll()).map(parseFlightData)
      const { cmd } = decode(FlightDescriptor, messages[0].descriptor)
      const any = decode(Any, cmd)
      let recordCount = 7n
      if (anyTypeName(any) === CommandPreparedStatementQuery.typeName) {
        this.statement(unpackAny(CommandPreparedStatementQuery, cmd).preparedStatementHandle).binds++
        return
      }
      if (anyTypeName(any) === CommandPreparedStatementUpdate.typeName) {
        this.statement(unpackAny(CommandPreparedStatementUpdate, cmd).preparedStatementHandle).binds++
        recordCount = 8n
      } else {
        unpackAny(CommandStatementUpdate, cmd)
      }
      await call.send(encode(PutResult, { appMetadata: encode(DoPutUpdateResult, { recordCount }) }))
    },
  }

  private statement(handle: Uint8Array) {
    const statement = this.prepared.get(Buffer.from(handle).toString())
    if (statement === undefined) throw new Refusal('NOT_FOUND', 'no such prepared statement')
    return statement
  }
}

describe.each(['native', 'grpc-js'] as const)('statements on a Flight SQL server over %s', (transport) => {
  async function start(options: Partial<FlightSourceOptions> = {}) {
    const scripted = new ScriptedServer()
    const server = await listen(scripted.script)
    const source = createFlightSource({
      transport,
      address: server.address,
      server: 'flight-sql',
      ...options,
    })
    open.push(() => source.close())
    return { scripted, server, source }
  }

  it('are planned, then fetched', async () => {
    const { server, source } = await start()
    const { rows, error, info } = await collectRows(source, 'SELECT n FROM t')
    expect([error, rows]).toEqual([null, [{ n: 0n }, { n: 1n }]])
    expect(info.roundTrips).toBe(2)
    expect(server.calls).toEqual(['GetFlightInfo', 'DoGet'])
  })

  it('have no rows when the plan has no endpoints, yet the schema it announces', async () => {
    const { scripted, source } = await start()
    scripted.plan = () => ({ schema: encapsulated(NUMBERS) })
    const { rows, schema, error } = await collectRows(source, 'SELECT n FROM t')
    expect([error, rows]).toEqual([null, []])
    expect(schema?.fields.map((field) => field.name)).toEqual(['n'])
  })

  it('fail with the words of the server, whether planning or running fails', async () => {
    const { server, source } = await start()
    server.script.DoGet = () => {
      throw new Refusal('INTERNAL', 'disk on fire')
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({
      code: 'QUERY_FAILED',
      serverMessage: 'disk on fire',
    })
    server.script.GetFlightInfo = () => {
      throw new Refusal('INVALID_ARGUMENT', 'no such table')
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ serverMessage: 'no such table' })
  })

  it('bind parameters at the server and keep the prepared statement for the next time', async () => {
    const { scripted, server, source } = await start()
    const statement = { sql: 'SELECT n FROM t WHERE a = $1', parameters: [1] }
    const first = await collectRows(source, statement)
    const second = await collectRows(source, { ...statement, parameters: [2] })
    expect([first.error, second.error]).toEqual([null, null])
    expect([first.info.roundTrips, second.info.roundTrips]).toEqual([4, 3])
    expect([...scripted.prepared.values()]).toEqual([{ sql: statement.sql, binds: 2 }])
    expect(server.count('DoAction')).toBe(1)
  })

  it('never share a prepared statement while it is in use', async () => {
    const { scripted, source } = await start()
    const run = (value: number) => collectRows(source, { sql: 'SELECT $1', parameters: [value] })
    const results = await Promise.all([run(1), run(2), run(3)])
    expect(results.map((result) => result.error)).toEqual([null, null, null])
    expect([...scripted.prepared.values()].map((statement) => statement.binds)).toEqual([1, 1, 1])
  })

  it('close their prepared statements with the source', async () => {
    const { scripted, source } = await start()
    await collectRows(source, { sql: 'SELECT $1', parameters: [1] })
    await collectRows(source, { sql: 'SELECT $1 + 1', parameters: [1] })
    expect(scripted.prepared.size).toBe(2)
    await source.close()
    expect(scripted.prepared.size).toBe(0)
  })

  it('prepare a read again when the server lost the statement, and a write not', async () => {
    const { scripted, server, source } = await start()
    const read = { sql: 'SELECT n FROM t WHERE a = $1', parameters: [1] }
    const write = { sql: 'INSERT INTO t VALUES ($1)', parameters: [1], update: true }
    await collectRows(source, read)
    await collectRows(source, write)
    scripted.prepared.clear()
    server.reset()
    expect((await collectRows(source, read)).error).toBeNull()
    expect(server.calls).toEqual(['DoPut', 'DoAction', 'DoPut', 'GetFlightInfo', 'DoGet'])
    expect((await collectRows(source, write)).error).toMatchObject({ status: 'NOT_FOUND' })
    expect((await collectRows(source, write)).error).toBeNull()
  })

  it('fail once, not once for every handle kept, when they write and the server lost them', async () => {
    const { scripted, source } = await start()
    const write = { sql: 'INSERT INTO t VALUES ($1)', parameters: [1], update: true }
    await Promise.all([1, 2, 3].map(() => collectRows(source, write)))
    scripted.prepared.clear()
    expect((await collectRows(source, write)).error).toMatchObject({ status: 'NOT_FOUND' })
    expect((await collectRows(source, write)).error).toBeNull()
    expect((await collectRows(source, write)).error).toBeNull()
  })

  it('run for their effect give one row with the count', async () => {
    const { server, source } = await start()
    const plain = await collectRows(source, { sql: 'DELETE FROM t', update: true })
    const bound = await collectRows(source, {
      sql: 'DELETE FROM t WHERE a = $1',
      parameters: [1],
      update: true,
    })
    expect([plain.error, plain.rows, bound.error, bound.rows]).toEqual([
      null,
      [{ count: 7n }],
      null,
      [{ count: 8n }],
    ])
    expect(server.calls).toEqual(['DoPut', 'DoAction', 'DoPut'])
    server.script.DoPut = async (call) => {
      await call.receiveAll()
    }
    const silent = await collectRows(source, { sql: 'DELETE FROM t', update: true })
    expect(silent.rows).toEqual([{ count: null }])
  })

  it.each([
    ['a count of none, which is no bytes', encode(DoPutUpdateResult, { recordCount: 0n }), 0n],
    ['a count in an Any', packAny(DoPutUpdateResult, { recordCount: 9n }), 9n],
    ['something else', packAny(FlightInfo, {}), null],
  ])('run for their effect give the count when the server answers %s', async (_what, appMetadata, count) => {
    const { server, source } = await start()
    server.script.DoPut = async (call) => {
      await call.receiveAll()
      await call.send(encode(PutResult, { appMetadata }))
    }
    for (const parameters of [undefined, [1]]) {
      const { rows } = await collectRows(source, { sql: 'DELETE FROM t WHERE $1', parameters, update: true })
      expect(rows).toEqual([{ count }])
    }
  })

  it.each([
    [
      'bare',
      (handle: Uint8Array) => encode(DoPutPreparedStatementResult, { preparedStatementHandle: handle }),
    ],
    [
      'in an Any',
      (handle: Uint8Array) => packAny(DoPutPreparedStatementResult, { preparedStatementHandle: handle }),
    ],
  ])('that a server only binds are run as well, the handle coming %s', async (_how, answer) => {
    const { server, source } = await start()
    const ran: string[] = []
    server.script.DoPut = async (call) => {
      await call.receiveAll()
      await call.send(encode(PutResult, { appMetadata: answer(Buffer.from('bound')) }))
    }
    server.script.DoGet = async (call) => {
      const { ticket } = decode(Ticket, (await call.receive())!)
      const { preparedStatementHandle } = unpackAny(CommandPreparedStatementUpdate, ticket)
      ran.push(Buffer.from(preparedStatementHandle).toString())
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(5))
    }
    const { rows, error } = await collectRows(source, {
      sql: 'DELETE FROM t WHERE a = $1',
      parameters: [1],
      update: true,
    })
    expect([error, rows, ran]).toEqual([null, [{ n: 5n }], ['bound']])
  })

  it('read many endpoints in order, a few at a time', async () => {
    const { scripted, server, source } = await start({ endpointConcurrency: 3 })
    const count = 9
    scripted.plan = () => ({
      endpoint: Array.from({ length: count }, (_, i) => ({ ticket: ticket(String(i * 10)) })),
    })
    let most = 0
    const answer = server.script.DoGet!
    server.script.DoGet = async (call) => {
      most = Math.max(most, server.open)
      const request = await call.receive()
      const index = Number(Buffer.from(decode(Ticket, request!).ticket)) / 10
      // Those to be read first answer last.
      await new Promise((resolve) => setTimeout(resolve, index % 3 === 0 ? 30 : 1))
      await answer(Object.assign(call, { receive: async () => request }))
    }
    const { rows, error, info } = await collectRows(source, 'SELECT n FROM t')
    expect(error).toBeNull()
    expect(rows.map((row) => row.n)).toEqual(
      Array.from({ length: count }, (_, i) => [BigInt(i * 10), BigInt(i * 10 + 1)]).flat(),
    )
    expect(info.roundTrips).toBe(1 + count)
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(3)
  })

  it('end as a whole when one endpoint fails or has another schema', async () => {
    const { scripted, server, source } = await start()
    scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('10') }] })
    const answer = server.script.DoGet!
    server.script.DoGet = async (call) => {
      const request = await call.receive()
      if (Buffer.from(decode(Ticket, request!).ticket).toString() === '10')
        throw new Refusal('ABORTED', 'gone')
      await answer(Object.assign(call, { receive: async () => request }))
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ status: 'ABORTED' })
    scripted.name = 'x'
    scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('name') }] })
    server.script.DoGet = answer
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'PROTOCOL' })
  })

  it('hold what is fetched ahead to its windows, and can be cancelled', async () => {
    const { scripted, server, source } = await start({ connection: { streamWindowBytes: 65_535 } })
    scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('1') }] })
    const big = numbersMessage(...Array.from({ length: 10_000 }, (_, i) => i))
    const sent = [0, 0]
    const closed: Array<Promise<void>> = []
    server.script.DoGet = async (call) => {
      const index = Number(Buffer.from(decode(Ticket, (await call.receive())!).ticket))
      closed.push(call.cancelled)
      await call.send(schemaMessage(NUMBERS))
      if (index === 0) {
        await call.send(big)
        await call.cancelled
      }
      for (; sent[1] < 100; sent[1]++) await call.send(big)
    }
    const result = await collectRows(source, 'SELECT 1', {}, async (execution) => {
      let before = -1
      while (before !== sent[1]) {
        before = sent[1]
        await new Promise((resolve) => setTimeout(resolve, 60))
      }
      expect(sent[1]).toBeLessThan(50)
      execution.cancel(new AbortError('by test'))
    })
    expect(result.error).toMatchObject({ message: 'by test' })
    await Promise.all(closed)
    expect(closed).toHaveLength(2)
  })

  describe('with locations', () => {
    it('fetch each ticket where it lies', async () => {
      const { scripted, server, source } = await start()
      const elsewhere = await listen(new ScriptedServer().script)
      scripted.plan = () => ({
        endpoint: [
          { ticket: ticket('0'), location: [{ uri: 'arrow-flight-reuse-connection://?' }] },
          { ticket: ticket('10'), location: [{ uri: `grpc+tcp://127.0.0.1:${elsewhere.port}` }] },
          { ticket: ticket('20'), location: [{ uri: `grpc://127.0.0.1:${server.port}` }] },
          { ticket: ticket('30'), location: [] },
        ],
      })
      const { rows, error } = await collectRows(source, 'SELECT n FROM t')
      expect([error, rows.map((row) => row.n)]).toEqual([null, [0n, 1n, 10n, 11n, 20n, 21n, 30n, 31n]])
      expect([server.count('DoGet'), elsewhere.count('DoGet')]).toEqual([3, 1])
    })

    it('try the next place when one cannot be reached', async () => {
      const { scripted, source } = await start()
      const gone = await flightServer({})
      const { port } = gone
      gone.kill()
      const elsewhere = await listen(new ScriptedServer().script)
      const location = [
        { uri: `grpc://127.0.0.1:${port}` },
        { uri: 'https://storage.example/presigned?token=1' },
        { uri: `grpc://127.0.0.1:${elsewhere.port}` },
      ]
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location }] })
      const { rows, error } = await collectRows(source, 'SELECT n FROM t')
      expect([error, rows]).toEqual([null, [{ n: 5n }, { n: 6n }]])
      expect(elsewhere.count('DoGet')).toBe(1)
    })

    it('are planned once when they may write, though the ticket was never fetched', async () => {
      const { scripted, server, source } = await start()
      const gone = await flightServer({})
      gone.kill()
      const location = [{ uri: `grpc://127.0.0.1:${gone.port}` }]
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location }] })
      const retrying = new RetryingSource(source, 1, isReadOnly)
      // Planning may have been running it.
      const written = await collectRows(retrying, 'INSERT INTO t VALUES (1) RETURNING *')
      expect(written.error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: false })
      expect(written.error).toBeInstanceOf(ConnectionError)
      expect(written.error?.stack).toContain('127.0.0.1')
      expect(server.count('GetFlightInfo')).toBe(1)
      server.reset()
      expect((await collectRows(retrying, 'SELECT n FROM t')).error).toMatchObject({
        code: 'CONNECTION_FAILED',
      })
      expect(server.count('GetFlightInfo')).toBe(2)
    })

    it('say so when none of the places can be used', async () => {
      const { scripted, source } = await start()
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location: [{ uri: 's3://bucket/x' }] }] })
      const { error } = await collectRows(source, 'SELECT n FROM t')
      expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('s3://bucket/x') })
    })
  })

  describe('with server: auto', () => {
    it('ask the server once who it is, however many wait', async () => {
      const { scripted, server, source } = await start({ server: 'auto' })
      scripted.name = 'Some other engine'
      const results = await Promise.all([1, 2, 3].map(() => collectRows(source, 'SELECT 1')))
      expect(results.map((result) => result.error)).toEqual([null, null, null])
      expect(source.server).toBe('flight-sql')
      expect(server.count('GetFlightInfo')).toBe(1 + 3)
    })

    it('take the one-call path when it is Spice', async () => {
      const { scripted, server, source } = await start({ server: 'auto' })
      scripted.name = 'Spice.ai'
      expect(await source.connect()).toBe('spice')
      server.reset()
      server.script.DoGet = async (call) => {
        const { query } = unpackAny(CommandStatementQuery, decode(Ticket, (await call.receive())!).ticket)
        expect(query).toBe('SELECT 1')
        await call.send(schemaMessage(NUMBERS))
      }
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
      expect(server.calls).toEqual(['DoGet'])
    })

    it('keep to the standard when it does not say', async () => {
      const { source } = await start({ server: 'auto' })
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
      expect(source.server).toBe('flight-sql')
    })

    it.each(['PERMISSION_DENIED', 'FAILED_PRECONDITION', 'OUT_OF_RANGE', 'ABORTED', 'INTERNAL'] as const)(
      'keep to the standard when it answers %s',
      async (status) => {
        const { server, source } = await start({ server: 'auto' })
        const answer = server.script.GetFlightInfo!
        server.script.GetFlightInfo = () => {
          server.script.GetFlightInfo = answer
          throw new Refusal(status, 'not for you')
        }
        expect(await source.connect()).toBe('flight-sql')
      },
    )

    it('fail when it refuses the key, and ask again next time', async () => {
      const { scripted, server, source } = await start({ server: 'auto', apiKey: 'wrong' })
      const answer = server.script.GetFlightInfo
      server.script.GetFlightInfo = () => {
        throw new Refusal('UNAUTHENTICATED', 'Invalid credentials')
      }
      expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'UNAUTHENTICATED' })
      server.script.GetFlightInfo = answer
      scripted.name = 'other'
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    })

    it('stay within deadline and signal while the server keeps silent', async () => {
      const { server, source } = await start({ server: 'auto' })
      server.script.GetFlightInfo = (call) => call.cancelled
      const late = await collectRows(source, 'SELECT 1', { deadline: performance.now() + 50, timeoutMs: 50 })
      expect(late.error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 50, unprocessed: true })
      const controller = new AbortController()
      const aborted = collectRows(source, 'SELECT 1', { signal: controller.signal })
      controller.abort()
      expect((await aborted).error).toMatchObject({ code: 'ABORTED' })
    })
  })

  describe('with a login', () => {
    it('exchange name and password for a token first, and again when it ran out', async () => {
      const { server, source } = await start({ login: { username: 'ann', password: 'sesame' } })
      let token = 'Bearer one'
      server.script.Handshake = async (call) => {
        const headers = new Metadata()
        headers.set('authorization', token)
        expect(call.metadata.get('authorization')).toEqual([
          `Basic ${Buffer.from('ann:sesame').toString('base64')}`,
        ])
        call.sendHeaders(headers)
      }
      const plan = server.script.GetFlightInfo!
      server.script.GetFlightInfo = (call) => {
        if (call.metadata.get('authorization')[0] !== token) throw new Refusal('UNAUTHENTICATED', 'expired')
        return plan(call)
      }
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
      expect(server.count('Handshake')).toBe(1)
      token = 'Bearer two'
      expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({
        code: 'UNAUTHENTICATED',
        unprocessed: true,
      })
      expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
      expect(server.count('Handshake')).toBe(2)
    })
  })
})
