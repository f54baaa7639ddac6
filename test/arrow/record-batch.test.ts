import { readFileSync } from 'node:fs'
import { Dictionary, LargeList, List, tableFromIPC, tableToIPC } from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { type DataType, readIpc, rowsFromIpc, type Schema, toTable } from '../../src/arrow/index.ts'
import { frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA } from '../../src/arrow/schema.ts'

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

test('columns of one name keep their own types and places', async () => {
  const INT32 = { kind: 'int', bitWidth: 32, signed: true } as const
  const schema = { fields: [field('id', INT32), field('id', { kind: 'bool' })], metadata: NO_METADATA }
  const columns = columnsFromRows(schema, [{ id: 7, 'id:1': true }])
  const { batches } = readIpc(Buffer.concat([...frameIpcStream(schema, [{ length: 1, columns }])]))
  const batch = await batches[0]!.toRecordBatch()
  expect(String(batch.schema)).toBe('Schema<{ 0: id: Int32, 1: id: Bool }>')
  // As from another stream: an equal schema that is not the same object.
  const table = await toTable(batches, schema)
  expect([0, 1].map((i) => table.getChildAt(i)!.get(0))).toEqual([7, true])
})

describe('dictionaries', () => {
  const type = (bitWidth: 8 | 64): DataType => ({
    kind: 'dictionary',
    id: 1n,
    index: { kind: 'int', bitWidth, signed: true },
    value: { kind: 'utf8' },
    ordered: false,
  })
  const schemaOf = (bitWidth: 8 | 64): Schema => ({
    fields: [field('a', type(bitWidth)), field('b', type(bitWidth))],
    metadata: NO_METADATA,
  })
  /** Two columns and two batches over one dictionary. */
  const read = (bitWidth: 8 | 64) => {
    const schema = schemaOf(bitWidth)
    const [a] = columnsFromRows(schema, [{ a: 'x' }, { a: 'y' }, { a: null }])
    const batch = { length: 3, columns: [a!, a!] }
    return readIpc(Buffer.concat([...frameIpcStream(schema, [batch, batch])]))
  }

  test.each([8, 64] as const)(
    'with indices of %i bits can be looked up and written again',
    async (bitWidth) => {
      const { batches, schema } = read(bitWidth)
      const table = await toTable(batches, schema)
      for (const name of ['a', 'b'])
        expect([...table.getChild(name)!]).toEqual(['x', 'y', null, 'x', 'y', null])
      const again = readIpc(tableToIPC(table))
      expect(again.batches.map(({ columns }) => columns[1]!.dictionary!.chunks.length)).toEqual([1, 1])
      expect(rowsFromIpc(tableToIPC(table))).toEqual(rowsFromIpc(tableToIPC(tableFromIPC(tableToIPC(table)))))
    },
  )

  test('do not become tables when an index points outside', async () => {
    const { batches } = read(8)
    const { body, first } = batches[0]!.columns[0]!
    body.bytes[first] = 100
    await expect(batches[0]!.toRecordBatch()).rejects.toThrow('index 100 points outside its dictionary')
  })
})

test('unions do not become tables when a value names no member', async () => {
  const { batches } = readIpc(fixture('unions'))
  const { body, first } = batches[0]!.columns[0]!
  body.bytes[first] = 100
  await expect(batches[0]!.toRecordBatch()).rejects.toThrow('type id')
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
