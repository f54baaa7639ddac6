import { status } from '@grpc/grpc-js'
import {
  Binary,
  Decimal,
  Float64,
  Int32,
  Int64,
  makeVector,
  Table,
  TimestampNanosecond,
  tableFromArrays,
  tableFromIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAny, unpackAny } from '../../src/flight/any.ts'
import {
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  DescriptorType,
  DoPutPreparedStatementResult,
} from '../../src/flight/messages.generated.ts'
import { decode } from '../../src/flight/protobuf.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'
import { RawFlightClient, rpcErrorOf, uploadOf } from '../support/raw-flight-client.ts'

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

async function prepare(query: string): Promise<ActionCreatePreparedStatementResult> {
  const [body] = await client.action(
    'CreatePreparedStatement',
    packAny(ActionCreatePreparedStatementRequest, { query }),
  )
  return unpackAny(ActionCreatePreparedStatementResult, body)
}

const queryCommand = (preparedStatementHandle: Uint8Array) =>
  packAny(CommandPreparedStatementQuery, { preparedStatementHandle })

async function bind(handle: Uint8Array, row: Table, command = queryCommand(handle)): Promise<Uint8Array> {
  const [result] = await client.doPut(uploadOf(row, { type: DescriptorType.CMD, cmd: command }))
  return decode(DoPutPreparedStatementResult, result).preparedStatementHandle!
}

const fieldsOf = (schema: Uint8Array) =>
  tableFromIPC(schema).schema.fields.map((field) => `${field.name} ${field.type}`)

const row = (columns: Record<string, Vector>) => new Table(columns as never)

describe('a prepared statement', () => {
  it('tells its result and its placeholders', async () => {
    const prepared = await prepare('SELECT symbol, price FROM trades WHERE price > $1 AND symbol = $2')
    expect(fieldsOf(prepared.datasetSchema)).toEqual(['symbol Utf8', 'price Float64'])
    expect(fieldsOf(prepared.parameterSchema)).toEqual(['$1 Float64', '$2 Utf8'])
  })

  it('has no parameter schema when a type cannot be told, and is no error', async () => {
    const prepared = await prepare('SELECT $1 AS value')
    expect(fieldsOf(prepared.datasetSchema)).toEqual([])
    expect(prepared.parameterSchema).toHaveLength(0)
  })

  it('runs again and again with the handle a bind returned, and with others', async () => {
    const { preparedStatementHandle } = await prepare(
      'SELECT symbol FROM trades WHERE size >= $1 ORDER BY size',
    )
    const bound = await bind(preparedStatementHandle, row({ $1: vectorFromArray([10n], new Int64()) }))
    const other = await bind(preparedStatementHandle, row({ $1: vectorFromArray([400n], new Int64()) }))
    const symbols = async (handle: Uint8Array) =>
      (await client.table(queryCommand(handle))).toArray().map((found) => found.symbol)
    expect(await symbols(bound)).toEqual(['ETH', 'SOL'])
    expect(await symbols(other)).toEqual(['SOL'])
    expect(await symbols(bound)).toEqual(['ETH', 'SOL'])
    const info = await client.flightInfo({ type: DescriptorType.CMD, cmd: queryCommand(bound) })
    expect(fieldsOf(info.schema)).toEqual(['symbol Utf8'])
    expect((await client.table(info.endpoint[0].ticket!.ticket)).numRows).toBe(2)
  })

  it('takes named placeholders by their bare name and question marks by position', async () => {
    const named = await prepare('SELECT symbol FROM trades WHERE symbol = $symbol AND size < $size')
    const values = row({
      size: vectorFromArray([100], new Int32()),
      symbol: vectorFromArray(['ETH'], new Utf8()),
    })
    const byName = await client.table(queryCommand(await bind(named.preparedStatementHandle, values)))
    expect(byName.toArray().map(String)).toEqual(['{"symbol": "ETH"}'])
    const marks = await prepare('SELECT ? || ? AS joined')
    const pair = row({ $1: vectorFromArray(['a'], new Utf8()), $2: vectorFromArray(['b'], new Utf8()) })
    const joined = await client.table(queryCommand(await bind(marks.preparedStatementHandle, pair)))
    expect(joined.get(0)!.joined).toBe('ab')
  })

  it('binds values exactly, nulls and nanoseconds included', async () => {
    const { preparedStatementHandle } = await prepare(
      `SELECT $1::VARCHAR AS big, $2::VARCHAR AS instant, $3::VARCHAR AS float, $4 IS NULL AS missing`,
    )
    const instants = makeVector({
      type: new TimestampNanosecond(),
      data: BigInt64Array.of(1_709_210_096_789_012_345n),
    } as never)
    const values = row({
      $1: vectorFromArray([9_223_372_036_854_775_807n], new Int64()),
      $2: instants,
      $3: vectorFromArray([0.1], new Float64()),
      $4: vectorFromArray([null], new Utf8()),
    })
    const table = await client.table(queryCommand(await bind(preparedStatementHandle, values)))
    expect(table.get(0)!.toJSON()).toEqual({
      big: '9223372036854775807',
      instant: '2024-02-29 12:34:56.789012345',
      float: '0.1',
      missing: true,
    })
  })

  it('binds decimals, lists and binaries', async () => {
    const { preparedStatementHandle } = await prepare(`SELECT $1::VARCHAR AS d, len($2) AS n, hex($3) AS h`)
    const decimals = makeVector({
      type: new Decimal(2, 10, 128),
      data: Uint32Array.of(12345, 0, 0, 0),
    } as never)
    const values = row({
      $1: decimals,
      $2: vectorFromArray([[1, 2, 3]]),
      $3: vectorFromArray([Uint8Array.of(1, 255)], new Binary()),
    })
    const table = await client.table(queryCommand(await bind(preparedStatementHandle, values)))
    expect(table.get(0)!.toJSON()).toEqual({ d: '123.45', n: 3n, h: '01FF' })
  })

  it('refuses more than one row, a missing value, and a handle that is none', async () => {
    const { preparedStatementHandle } = await prepare('SELECT $1::INTEGER AS a, $2::INTEGER AS b')
    const two = row({ $1: vectorFromArray([1, 2], new Int32()), $2: vectorFromArray([1, 2], new Int32()) })
    const tooMany = await rpcErrorOf(bind(preparedStatementHandle, two))
    expect([tooMany.code, tooMany.details]).toEqual([
      status.INVALID_ARGUMENT,
      'parameters should contain a single row',
    ])
    const one = await bind(preparedStatementHandle, row({ $1: vectorFromArray([1], new Int32()) }))
    const missing = await rpcErrorOf(client.doGet(queryCommand(one)))
    expect(missing.code).toBe(status.INVALID_ARGUMENT)
    expect(missing.details).toContain('$2')
    const unbound = await rpcErrorOf(client.doGet(queryCommand(preparedStatementHandle)))
    expect(unbound.code).toBe(status.INVALID_ARGUMENT)
    const malformed = await rpcErrorOf(client.doGet(queryCommand(Buffer.from('SELECT 1'))))
    expect(malformed.code).toBe(status.INTERNAL)
  })

  it('is refused when it does not parse', async () => {
    expect((await rpcErrorOf(prepare('SELEC $1'))).code).toBe(status.INVALID_ARGUMENT)
    expect((await rpcErrorOf(prepare('SELECT 1; SELECT 2'))).code).toBe(status.INVALID_ARGUMENT)
  })

  it('is closed with one empty result, and its handle still works', async () => {
    const { preparedStatementHandle } = await prepare('SELECT 1 AS a')
    const body = packAny(ActionClosePreparedStatementRequest, { preparedStatementHandle })
    expect(await client.action('ClosePreparedStatement', body)).toEqual([new Uint8Array(0)])
    expect((await client.table(queryCommand(preparedStatementHandle))).numRows).toBe(1)
  })

  it('that writes is bound by DoPut and runs at DoGet', async () => {
    const { preparedStatementHandle } = await prepare('DELETE FROM journal WHERE id = $1')
    const command = (handle: Uint8Array) =>
      packAny(CommandPreparedStatementUpdate, { preparedStatementHandle: handle })
    const bound = await bind(
      preparedStatementHandle,
      tableFromArrays({ $1: BigInt64Array.of(1n) }),
      command(preparedStatementHandle),
    )
    expect((await client.table('SELECT * FROM journal')).numRows).toBe(1)
    const result = await client.table(command(bound))
    expect(result.get(0)!.toJSON()).toEqual({ affected_rows: 1n })
    expect((await client.table('SELECT * FROM journal')).numRows).toBe(0)
  })

  it('an unknown action is INVALID_ARGUMENT', async () => {
    const error = await rpcErrorOf(client.action('BeginTransaction', new Uint8Array(0)))
    expect([error.code, error.details]).toEqual([
      status.INVALID_ARGUMENT,
      'Unknown action type: BeginTransaction',
    ])
  })
})
