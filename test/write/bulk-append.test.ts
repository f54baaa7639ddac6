import { describe, expect, it, onTestFinished } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { encodeRecordBatch, encodeSchema, frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { StreamDecoder } from '../../src/arrow/stream-decoder.ts'
import type { Row } from '../../src/client/result.ts'
import { WriteError } from '../../src/errors.ts'
import { unpackAny } from '../../src/flight/any.ts'
import { encodeFlightData, parseFlightData } from '../../src/flight/flight-data.ts'
import {
  CommandGetTables,
  CommandStatementIngest,
  DoPutUpdateResult,
  FlightDescriptor,
  FlightInfo,
  PutResult,
} from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import { connect } from '../../src/index.ts'
import {
  type FlightHandler,
  type FlightScript,
  type FlightServer,
  Refusal,
  type ServerCall,
} from '../support/flight-server.ts'
import { serve, writerTo } from './writer-to.ts'

const SCHEMA: Schema = {
  fields: [field('id', { kind: 'int', bitWidth: 64, signed: true }, false), field('note', { kind: 'utf8' })],
  metadata: NO_METADATA,
}
const TABLES: Schema = {
  fields: [
    field('catalog_name', { kind: 'utf8' }),
    field('db_schema_name', { kind: 'utf8' }),
    field('table_name', { kind: 'utf8' }, false),
    field('table_type', { kind: 'utf8' }, false),
    field('table_schema', { kind: 'binary' }),
  ],
  metadata: NO_METADATA,
}

const listed = (
  catalog: string | null,
  dbSchema: string | null,
  table: string,
  schema?: Uint8Array,
): Row => ({
  catalog_name: catalog,
  db_schema_name: dbSchema,
  table_name: table,
  table_type: 'TABLE',
  table_schema: schema ?? Buffer.concat([...frameIpcStream(SCHEMA, [])]),
})

const ONE_TABLE = [listed(null, 'main', 't')]
const ids = (count: number): Row[] => Array.from({ length: count }, (_, id) => ({ id, note: `n${id}` }))

/** A Flight SQL server that lists `tables` and answers uploads with `doPut`. */
async function serverOf(tables: Row[], doPut: FlightHandler, script: FlightScript = {}) {
  const filters: CommandGetTables[] = []
  const server = await serve({
    GetFlightInfo: async (call) => {
      const { cmd } = decode(FlightDescriptor, (await call.receive())!)
      filters.push(unpackAny(CommandGetTables, cmd))
      await call.send(encode(FlightInfo, { endpoint: [{ ticket: { ticket: Uint8Array.of(1) } }] }))
    },
    DoGet: async (call) => {
      await call.receive()
      const { header, body } = encodeRecordBatch(TABLES, tables.length, columnsFromRows(TABLES, tables))
      await call.send(encodeFlightData({ header: encodeSchema(TABLES) }))
      await call.send(encodeFlightData({ header, body }))
    },
    DoPut: doPut,
    ...script,
  })
  return { server, filters }
}

const writerOf = (server: FlightServer) => writerTo(server, 'flight-sql')

const confirm = (call: ServerCall, recordCount: bigint) =>
  call.send(encode(PutResult, { appMetadata: encode(DoPutUpdateResult, { recordCount }) }))

describe('a write to a Flight SQL server', () => {
  it('is one bulk append to the table, which has to exist', async () => {
    const rows: Row[] = []
    const commands: CommandStatementIngest[] = []
    const { server, filters } = await serverOf(ONE_TABLE, async (call) => {
      const decoder = new StreamDecoder()
      const [first, ...batches] = (await call.receiveAll()).map(parseFlightData)
      commands.push(unpackAny(CommandStatementIngest, decode(FlightDescriptor, first.descriptor).cmd))
      decoder.push(first.header, first.body)
      for (const { header, body } of batches) decoder.push(header, body)!.appendRows(rows)
      await confirm(call, BigInt(rows.length))
    })
    const writer = await writerOf(server)
    expect(await writer.write('main.t', ids(25), { batchRows: 10 })).toEqual({ rows: 25, batches: 3 })
    expect(rows[24]).toEqual({ id: 24n, note: 'n24' })
    expect(commands).toMatchObject([
      // Fail where the table does not exist, append where it does: 2 and 2 in the standard's enums.
      {
        tableDefinitionOptions: { ifNotExist: 2, ifExists: 2 },
        table: 't',
        schema: 'main',
        temporary: false,
      },
    ])
    expect(commands[0].catalog).toBeUndefined()
    expect(commands[0].transactionId).toBeUndefined()
    expect(filters).toMatchObject([
      { tableNameFilterPattern: 't', dbSchemaFilterPattern: 'main', includeSchema: true },
    ])
    expect(server.count('GetSchema')).toBe(0)
  })

  it('is what write() does where auto finds another server than Spice', async () => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      const [first] = await call.receiveAll()
      unpackAny(CommandStatementIngest, decode(FlightDescriptor, parseFlightData(first).descriptor).cmd)
      await confirm(call, 2n)
    })
    const listTables = server.script.GetFlightInfo!
    server.script.GetFlightInfo = async (call) => {
      server.script.GetFlightInfo = listTables
      await call.receive()
      throw new Refusal('UNIMPLEMENTED', 'no SqlInfo')
    }
    const spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, env: {} })
    onTestFinished(() => spice.close())
    expect(spice.endpoint.server).toBe('flight-sql')
    expect(await spice.write('t', ids(2))).toEqual({ rows: 2, batches: 1 })
  })

  it.each([
    ['a count that is unknown', -1n],
    ['the count of all rows', 5n],
  ])('is done with %s', async (_, count) => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      await call.receiveAll()
      await confirm(call, count)
    })
    const writer = await writerOf(server)
    expect(await writer.write('t', ids(5))).toEqual({ rows: 5, batches: 1 })
  })

  it.each([
    ['fewer rows', (call: ServerCall) => confirm(call, 4n), /counts 4 rows of the 5 sent/],
    ['no rows', (call: ServerCall) => confirm(call, 0n), /counts 0 rows of the 5 sent/],
    ['nothing', () => undefined, /without the count that confirms it/],
  ])('is not done when the server confirms %s', async (_, answer, words) => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      await call.receiveAll()
      await answer(call)
    })
    const writer = await writerOf(server)
    const error = await writer.write('t', ids(5)).catch((error) => error)
    expect(error).toBeInstanceOf(WriteError)
    expect(error).toMatchObject({ code: 'WRITE_FAILED', acknowledgedRows: 0 })
    expect(error.message).toMatch(words)
  })

  it('that fails under way says that part of it may have been kept', async () => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      for (let i = 0; i < 3; i++) await call.receive()
      // Not by the standard, and no reason to believe that these rows will stay.
      await confirm(call, 20n)
      await call.receive()
      throw new Refusal('INTERNAL', 'the disk is full')
    })
    const writer = await writerOf(server)
    await expect(writer.write('t', ids(100), { batchRows: 10 })).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      acknowledgedRows: 0,
      message: expect.stringMatching(/the disk is full.*may have kept any part/),
    })
  })

  it.each([
    ['UNIMPLEMENTED', 'do_put_statement_ingest has no default implementation', 'UNSUPPORTED'],
    ['INVALID_ARGUMENT', 'The defined request is invalid: ', 'UNSUPPORTED'],
    ['INVALID_ARGUMENT', 'column note: too long', 'WRITE_FAILED'],
  ] as const)('refused with %s (%s) has the code %s', async (status, words, code) => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      await call.receive()
      throw new Refusal(status, words)
    })
    const writer = await writerOf(server)
    const error = await writer.write('t', ids(1)).catch((error) => error)
    expect(error).toBeInstanceOf(WriteError)
    expect(error).toMatchObject({ code, acknowledgedRows: 0 })
    expect(error.message).toContain(words)
  })

  it('asks for other credentials in the words of any server', async () => {
    const { server } = await serverOf(ONE_TABLE, async (call) => {
      await call.receive()
      throw new Refusal('UNAUTHENTICATED', 'who are you?')
    })
    const writer = await writerOf(server)
    await expect(writer.write('t', ids(1))).rejects.toMatchObject({
      name: 'AuthenticationError',
      message: expect.stringMatching(/^The Flight server wants other credentials: who are you\?/),
    })
  })
})

describe('the table of a write to a Flight SQL server', () => {
  const never: FlightHandler = () => {
    throw new Refusal('INTERNAL', 'nothing was to be uploaded')
  }
  const refused = async (tables: Row[], name: string, script?: FlightScript) => {
    const { server } = await serverOf(tables, never, script)
    const error = await (await writerOf(server)).write(name, ids(1)).catch((error) => error)
    expect(server.count('DoPut')).toBe(0)
    return error
  }

  it('is the one of exactly this name', async () => {
    const tables = [listed(null, 'main', 'T'), listed(null, 'other', 't'), listed(null, 'main', 'tx')]
    expect(await refused(tables, 'main.t')).toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringMatching(/lists no table of this name/),
    })
  })

  it('is not guessed when several have the name', async () => {
    const tables = [listed('memory', 'main', 't'), listed('disk', 'main', 't')]
    expect(await refused(tables, 't')).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringMatching(/any of memory\.main\.t, disk\.main\.t/),
    })
  })

  it('has three parts at most', async () => {
    expect(await refused(ONE_TABLE, 'a.b.c.d')).toMatchObject({ code: 'INVALID_PARAMETERS' })
  })

  it('needs a schema that can be read, its own only', async () => {
    const broken = listed(null, 'main', 'broken', Buffer.from('no schema'))
    expect(await refused([broken], 'broken')).toMatchObject({ code: 'PROTOCOL' })
    expect(await refused([{ ...broken, table_schema: null }], 'broken')).toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringMatching(/gave no schema for the table/),
    })
  })

  it('is found beside others whose schemas cannot be read', async () => {
    const broken = listed(null, 'main', 't', Buffer.from('no schema'))
    const { server } = await serverOf(
      [{ ...broken, db_schema_name: 'other' }, ...ONE_TABLE],
      async (call) => {
        await call.receiveAll()
        await confirm(call, 1n)
      },
    )
    expect(await (await writerOf(server)).write('main.t', ids(1))).toEqual({ rows: 1, batches: 1 })
  })

  it('cannot be found where the server lists none', async () => {
    const GetFlightInfo: FlightHandler = async (call) => {
      await call.receive()
      throw new Refusal('UNIMPLEMENTED', 'no metadata here')
    }
    expect(await refused(ONE_TABLE, 't', { GetFlightInfo })).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/does not list its tables.*no metadata here/),
    })
  })

  it('takes rows that fit only, checked before anything is sent', async () => {
    const { server } = await serverOf(ONE_TABLE, never)
    const writer = await writerOf(server)
    await expect(writer.write('t', [...ids(3), { note: 'no id' }])).rejects.toMatchObject({
      code: 'INVALID_ROW',
    })
    expect(server.count('DoPut')).toBe(0)
  })
})
