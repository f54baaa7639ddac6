import { readFileSync } from 'node:fs'
import { Dictionary, LargeList, List, tableFromIPC } from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { readIpc, rowsFromIpc, toTable } from '../../src/arrow/index.ts'

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/arrow/${name}.arrow`, import.meta.url)))
}

/** Rows as text: apache-arrow's own objects hold their memory, which differs. */
function rowsOf(table: { toArray(): Array<{ toJSON(): unknown }> }): string[] {
  return table
    .toArray()
    .map((row) =>
      JSON.stringify(row.toJSON(), (_, value) => (typeof value === 'bigint' ? `${value}n` : value)),
    )
}

/** Those apache-arrow's own reader can read, which ours is held to. */
const readable = [
  'primitives',
  'decimals',
  'texts',
  'temporals',
  'unions',
  'deltas',
  'metadata',
  'extensions',
  'empty',
]

test.each(readable)('%s as a table is what apache-arrow reads itself', async (name) => {
  const { batches, schema } = readIpc(fixture(name))
  const table = await toTable(batches, schema)
  const reference = tableFromIPC(fixture(name))
  expect(rowsOf(table)).toEqual(rowsOf(reference))
  expect(String(table.schema)).toBe(String(reference.schema))
})

test.each(readable)('%s at an odd place in memory makes the same table', async (name) => {
  const bytes = fixture(name)
  const moved = new Uint8Array(bytes.length + 3).subarray(3)
  moved.set(bytes)
  const { batches, schema } = readIpc(moved)
  expect(rowsOf(await toTable(batches, schema))).toEqual(rowsOf(tableFromIPC(bytes)))
})

test('buffers are the received memory, not copies', async () => {
  const bytes = fixture('primitives')
  const { batches } = readIpc(bytes)
  const { data } = await batches[0]!.toRecordBatch()
  for (const child of data.children.slice(1)) expect(child.values.buffer).toBe(bytes.buffer)
})

test('bytes need no alignment and are not copied for it', async () => {
  const bytes = fixture('texts')
  const moved = new Uint8Array(bytes.length + 3).subarray(3)
  moved.set(bytes)
  const { data } = await readIpc(moved).batches[0]!.toRecordBatch()
  const [utf8, , , binary] = data.children
  expect([utf8!.values.buffer, binary!.values.buffer]).toEqual([moved.buffer, moved.buffer])
  expect(utf8!.valueOffsets.buffer).not.toBe(moved.buffer)
})

describe('types apache-arrow has no class for', () => {
  test('run-end encoded columns become dictionary encoded', async () => {
    const { batches, schema } = readIpc(fixture('encodings'))
    const table = await toTable(batches, schema)
    expect(table.getChild('run')!.type).toBeInstanceOf(Dictionary)
    for (const name of ['run', 'long_run', 'word'])
      expect([...table.getChild(name)!]).toEqual(rowsFromIpc(fixture('encodings')).map((row) => row[name]))
    expect(table.getChild('run')!.nullCount).toBe(3)
  })

  test('list views whose lists lie in order become lists', async () => {
    const { batches, schema } = readIpc(fixture('compact-views'))
    const table = await toTable(batches, schema)
    expect(table.getChild('small')!.type).toBeInstanceOf(List)
    expect(table.getChild('large')!.type).toBeInstanceOf(LargeList)
    const lists = (name: string) =>
      [...table.getChild(name)!].map((list) => (list === null ? null : [...list]))
    const rows = rowsFromIpc(fixture('compact-views'))
    for (const name of ['small', 'large']) expect(lists(name)).toEqual(rows.map((row) => row[name]))
  })

  test('list views in another order are refused by the name of their column', async () => {
    const { batches, schema } = readIpc(fixture('nesteds'))
    await expect(toTable(batches, schema)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/"list_view".*\.rows\(\)/),
    })
  })
})
