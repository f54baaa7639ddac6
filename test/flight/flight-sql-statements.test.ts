import { describe, expect, it } from 'vitest'
import { packAny, unpackAny } from '../../src/flight/any.ts'
import type { FlightSourceOptions } from '../../src/flight/flight-source.ts'
import {
  CommandPreparedStatementUpdate,
  DoPutPreparedStatementResult,
  DoPutUpdateResult,
  FlightInfo,
  PutResult,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import { collectRows } from '../support/collect-rows.ts'
import { encapsulated, NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { Refusal } from '../support/flight-server.ts'
import { startFlightSql } from './scripted-flight-sql.ts'

describe.each(['native', 'grpc-js'] as const)('statements on a Flight SQL server over %s', (transport) => {
  const start = (options?: Partial<FlightSourceOptions>) => startFlightSql(transport, options)

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

  it('cannot take parameters where the server binds none', async () => {
    const { scripted, source } = await start()
    scripted.script.DoPut = async (call) => {
      await call.receiveAll()
      throw new Refusal('UNIMPLEMENTED', 'do_put_prepared_statement is not implemented')
    }
    for (const update of [false, true]) {
      const { error } = await collectRows(source, { sql: 'SELECT $1', parameters: [1], update })
      expect(error).toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringMatching(
          /does not take parameters .*do_put_prepared_statement.*Write the values/,
        ),
      })
    }
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
})
