import { deepStrictEqual } from 'node:assert'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { type ForeignBatch, rowsFromArrow } from '../../src/arrow/from-apache-arrow.ts'
import { readIpc, rowsFromIpc, toTable } from '../../src/arrow/index.ts'
import { UnsupportedError } from '../../src/errors.ts'

/** The library's other build: none of its objects is an instance of the classes this package loads. */
const otherCopy: typeof arrow = createRequire(import.meta.url)('apache-arrow')

const directory = new URL('../fixtures/arrow/', import.meta.url)
const names = readdirSync(directory).filter((name) => name.endsWith('.arrow'))

function rowsOf(table: arrow.Table): unknown[] {
  return table.batches.flatMap((batch) => rowsFromArrow(batch as unknown as ForeignBatch))
}

describe.each(names)('%s as a table', (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(name, directory)))
  const read = async (): Promise<arrow.Table | null> => {
    const { batches, schema } = readIpc(bytes)
    try {
      return await toTable(batches, schema)
    } catch (error) {
      if (error instanceof UnsupportedError) return null
      throw error
    }
  }

  test('gives the rows of its bytes, and so do slices of it', async () => {
    const table = await read()
    if (table === null) return
    const rows = rowsFromIpc(bytes)
    deepStrictEqual(rowsOf(table), rows)
    if (rows.length < 3) return
    for (const [from, to] of [
      [1, rows.length],
      [2, rows.length - 1],
      [rows.length, rows.length],
    ] as const)
      deepStrictEqual(rowsOf(table.slice(from, to)), rows.slice(from, to))
  })
})

describe.each([
  ['this copy', arrow],
  ['another copy', otherCopy],
])(
  'a table of %s',
  (_, { Bool, Field, Float64, Int64, List, Table, TimestampNanosecond, Utf8, Utf8View, vectorFromArray }) => {
    const table = new Table({
      flag: vectorFromArray([true, null, false, true], new Bool()),
      price: vectorFromArray([1.5, null, -0, Number.NaN], new Float64()),
      size: vectorFromArray([1n, 2n ** 62n, null, -1n], new Int64()),
      at: vectorFromArray([1, null, 3, 4], new TimestampNanosecond()),
      venue: vectorFromArray(['x', 'y', null, 'x']),
      note: vectorFromArray(['short', null, 'a note of more than twelve bytes', ''], new Utf8View()),
      tags: vectorFromArray([['a'], [], null, ['b', 'c']], new List(Field.new('item', new Utf8()))),
    })

    test.each([
      [0, 4],
      [1, 3],
      [3, 4],
    ])('gives its rows from %i to %i', (from, to) => {
      const rows = rowsOf(table.slice(from, to)) as Array<Record<string, unknown>>
      const plain = rows.map(({ at, ...rest }) => rest)
      const expected = [
        { flag: true, price: 1.5, size: 1n, venue: 'x', note: 'short', tags: ['a'] },
        { flag: null, price: null, size: 2n ** 62n, venue: 'y', note: null, tags: [] },
        {
          flag: false,
          price: -0,
          size: null,
          venue: null,
          note: 'a note of more than twelve bytes',
          tags: null,
        },
        { flag: true, price: Number.NaN, size: -1n, venue: 'x', note: '', tags: ['b', 'c'] },
      ]
      deepStrictEqual(plain, expected.slice(from, to))
      expect(rows.map(({ at }) => at === null)).toEqual([false, true, false, false].slice(from, to))
    })
  },
)

test('data shorter than it says is an error', () => {
  const [batch] = new arrow.Table({ size: arrow.vectorFromArray([1, 2], new arrow.Int32()) }).batches
  const [child] = batch!.data.children
  Object.assign(child!, { values: new Int32Array(1) })
  expect(() => rowsFromArrow(batch as unknown as ForeignBatch)).toThrow('shorter than it says')
})
