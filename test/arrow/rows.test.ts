import {
  Float64,
  Int64,
  Null,
  Table,
  TimestampMicrosecond,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { readIpc, rowsFromIpc, Timestamp, toTable } from '../../src/arrow/index.ts'

const trades = new Table({
  symbol: vectorFromArray(['BTC', 'é€😀', null, 'a rather long ASCII symbol'], new Utf8()),
  price: vectorFromArray([1.5, null, Number.NaN, -0], new Float64()),
  size: vectorFromArray([1n, 2n ** 63n - 1n, null, -1n], new Int64()),
  at: vectorFromArray([1_700_000_000_000, 1, null, -1], new TimestampMicrosecond()),
  venue: vectorFromArray(['x', 'y', 'x', null]),
})

const rows = [
  { symbol: 'BTC', price: 1.5, size: 1n, at: new Timestamp(1_700_000_000_000), venue: 'x' },
  { symbol: 'é€😀', price: null, size: 2n ** 63n - 1n, at: new Timestamp(1), venue: 'y' },
  { symbol: null, price: Number.NaN, size: null, at: null, venue: 'x' },
  { symbol: 'a rather long ASCII symbol', price: -0, size: -1n, at: new Timestamp(-1), venue: null },
]

describe.each(['stream', 'file'] as const)('an IPC %s', (format) => {
  const bytes = tableToIPC(trades, format)

  test('gives its rows', () => {
    expect(rowsFromIpc(bytes)).toEqual(rows)
  })

  test('gives apache-arrow batches and a table with the same values', async () => {
    const { batches, schema } = readIpc(bytes)
    const table = await toTable(batches, schema)
    expect(table.toArray().map((row) => row.toJSON())).toEqual(
      tableFromIPC(bytes)
        .toArray()
        .map((row) => row.toJSON()),
    )
  })
})

test('columns whose nulls were never counted are read, and make tables', async () => {
  const whole = new Table({
    nothing: vectorFromArray([null, null, null], new Null()),
    size: vectorFromArray([1n, null, 3n], new Int64()),
  })
  const bytes = tableToIPC(whole.slice(1), 'stream')
  const rows = [
    { nothing: null, size: null },
    { nothing: null, size: 3n },
  ]
  expect(rowsFromIpc(bytes)).toEqual(rows)
  const { batches, schema } = readIpc(bytes)
  const table = await toTable(batches, schema)
  expect(table.toArray().map((row) => row.toJSON())).toEqual(rows)
  expect(table.getChild('nothing')!.nullCount).toBe(2)
})

test('no batches make an empty table with the schema', async () => {
  const { schema } = readIpc(tableToIPC(trades, 'stream'))
  const table = await toTable([], schema)
  expect(table.numRows).toBe(0)
  expect(table.schema.names).toEqual(['symbol', 'price', 'size', 'at', 'venue'])
})
