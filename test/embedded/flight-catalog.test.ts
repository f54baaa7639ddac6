import { status } from '@grpc/grpc-js'
import { type Table, tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAny } from '../../src/flight/any.ts'
import {
  CommandGetCatalogs,
  CommandGetDbSchemas,
  CommandGetPrimaryKeys,
  CommandGetSqlInfo,
  CommandGetTables,
  CommandGetTableTypes,
  CommandGetXdbcTypeInfo,
  DescriptorType,
} from '../../src/flight/messages.generated.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'
import { RawFlightClient, rpcErrorOf } from '../support/raw-flight-client.ts'

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

/** The rows of a metadata command, asked for as the specification has it: FlightInfo, then its ticket. */
async function rowsOf(cmd: Uint8Array): Promise<Table> {
  const info = await client.flightInfo({ type: DescriptorType.CMD, cmd })
  const table = await client.table(info.endpoint[0].ticket!.ticket)
  const planned = tableFromIPC(info.schema).schema
  expect(String(table.schema)).toBe(String(planned))
  return table
}

const names = (table: Table, column: string) => table.toArray().map((row) => row[column])

describe('the catalog', () => {
  it('is one, with the schemas of the datasets', async () => {
    expect(names(await rowsOf(packAny(CommandGetCatalogs, {})), 'catalog_name')).toEqual(['spice'])
    const schemas = await rowsOf(packAny(CommandGetDbSchemas, {}))
    expect(names(schemas, 'db_schema_name')).toEqual(['places', 'public'])
    expect(names(schemas, 'catalog_name')).toEqual(['spice', 'spice'])
    const filtered = await rowsOf(
      packAny(CommandGetDbSchemas, { catalog: 'spice', dbSchemaFilterPattern: 'pub%' }),
    )
    expect(names(filtered, 'db_schema_name')).toEqual(['public'])
    const elsewhere = await rowsOf(packAny(CommandGetDbSchemas, { catalog: 'elsewhere' }))
    expect(elsewhere.numRows).toBe(0)
  })

  it('lists tables by catalog, patterns and type', async () => {
    const list = async (filter: Parameters<typeof packAny<CommandGetTables>>[1]) =>
      names(await rowsOf(packAny(CommandGetTables, filter)), 'table_name')
    expect(await list({})).toEqual(['visited', 'journal', 'trades'])
    expect(await list({ tableNameFilterPattern: 'tr_des' })).toEqual(['trades'])
    expect(await list({ dbSchemaFilterPattern: 'places' })).toEqual(['visited'])
    expect(await list({ tableTypes: ['VIEW'] })).toEqual([])
    expect(await list({ tableTypes: ['BASE TABLE'], tableNameFilterPattern: '%' })).toHaveLength(3)
    expect(await list({ tableNameFilterPattern: `' OR 1=1 --` })).toEqual([])
  })

  it('gives the schema of each table, as a query of it has it', async () => {
    const command = { tableNameFilterPattern: 'trades', includeSchema: true }
    const table = await rowsOf(packAny(CommandGetTables, command))
    const schema = tableFromIPC(table.get(0)!.table_schema).schema
    expect(String(schema)).toBe(String((await client.table('SELECT * FROM trades')).schema))
    expect(table.get(0)!.table_type).toBe('BASE TABLE')
  })

  it('knows the types of tables, and no primary keys', async () => {
    expect(names(await rowsOf(packAny(CommandGetTableTypes, {})), 'table_type')).toEqual([
      'BASE TABLE',
      'VIEW',
    ])
    const keys = await rowsOf(packAny(CommandGetPrimaryKeys, { table: 'trades' }))
    expect([keys.numRows, keys.schema.fields.map((field) => field.name)]).toEqual([
      0,
      ['catalog_name', 'db_schema_name', 'table_name', 'column_name', 'key_name', 'key_sequence'],
    ])
  })

  it('has no type information', async () => {
    const error = await rpcErrorOf(client.doGet(packAny(CommandGetXdbcTypeInfo, {})))
    expect(error.code).toBe(status.UNIMPLEMENTED)
  })
})

describe('GetSqlInfo', () => {
  const facts = async (info: number[]) => {
    const table = await rowsOf(packAny(CommandGetSqlInfo, { info }))
    return new Map(table.toArray().map((row) => [row.info_name, row.value]))
  }

  it('names a Spice runtime, in values of every kind', async () => {
    const all = await facts([])
    expect(all.get(0)).toBe('Spice.ai')
    expect(all.get(3)).toBe(true)
    expect(all.get(5)).toBe(false)
    expect(all.get(503)).toBe(3)
    expect(all.get(504)).toBe('"')
  })

  it('gives what is asked for, and leaves out what it does not know', async () => {
    expect([...(await facts([2, 0, 9_999])).keys()]).toEqual([0, 2])
  })
})
