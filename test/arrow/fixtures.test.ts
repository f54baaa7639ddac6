import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readIpc, rowsFromIpc, Timestamp } from '../../src/arrow/index.ts'

/** Written by pyarrow: see generate.py there. */
const directory = new URL('../fixtures/arrow/', import.meta.url)
const names = readdirSync(directory)
  .filter((name) => name.endsWith('.arrow'))
  .map((name) => name.slice(0, -'.arrow'.length))

function bytesOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${name}.arrow`, directory)))
}

function expectedRows(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.json`, directory), 'utf8'), (_, value) => {
    if (value === null || typeof value !== 'object') return value
    if ('$bigint' in value) return BigInt(value.$bigint)
    if ('$number' in value) return Number(value.$number.replace('inf', 'Infinity'))
    if ('$bytes' in value) return new Uint8Array(Buffer.from(value.$bytes, 'hex'))
    if ('$timestamp' in value) return { epochNanoseconds: BigInt(value.$timestamp) }
    if ('$map' in value) return new Map(value.$map)
    if ('$interval' in value) {
      const [months, days, nanoseconds] = value.$interval
      return { months, days, nanoseconds: BigInt(nanoseconds) }
    }
    return value
  })
}

/** Dates compare to the millisecond in vitest: compare what a timestamp holds instead. */
function comparable(value: unknown): unknown {
  if (value instanceof Timestamp) return { epochNanoseconds: value.epochNanoseconds }
  if (Array.isArray(value)) return value.map(comparable)
  if (value === null || typeof value !== 'object' || value instanceof Map || value instanceof Uint8Array)
    return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, comparable(member)]))
}

test.each(names)('rows of %s', (name) => {
  expect(rowsFromIpc(bytesOf(name)).map(comparable)).toStrictEqual(expectedRows(name))
})

test.each(names)('rows of %s at an odd place in memory', (name) => {
  const bytes = bytesOf(name)
  const moved = new Uint8Array(bytes.length + 3).subarray(3)
  moved.set(bytes)
  expect(rowsFromIpc(moved).map(comparable)).toStrictEqual(expectedRows(name))
})

describe('what surrounds the values', () => {
  test('custom metadata of the schema and of a field is kept', () => {
    const { schema } = readIpc(bytesOf('metadata'))
    expect(Object.fromEntries(schema.metadata)).toEqual({ origin: 'pyarrow' })
    expect(Object.fromEntries(schema.fields[1]!.metadata)).toEqual({ unit: 'none' })
    expect(schema.fields[0]!.metadata.size).toBe(0)
  })

  test('extension types are their storage, their names kept', () => {
    const { schema } = readIpc(bytesOf('extensions'))
    expect(schema.fields.map((field) => field.metadata.get('ARROW:extension:name'))).toEqual([
      'arrow.uuid',
      'arrow.json',
    ])
    expect(schema.fields.map((field) => field.type.kind)).toEqual(['fixedSizeBinary', 'utf8'])
  })

  test('a batch without rows or without columns keeps its count', () => {
    expect(readIpc(bytesOf('primitives')).batches.map((batch) => batch.rowCount)).toEqual([5, 0, 3])
    expect(readIpc(bytesOf('no-columns')).batches.map((batch) => batch.rowCount)).toEqual([3])
    expect(readIpc(bytesOf('empty')).batches).toEqual([])
  })

  test('deltas add to a dictionary, replacements leave earlier batches their own', () => {
    const lengths = (name: string) =>
      readIpc(bytesOf(name)).batches.map(({ columns }) => columns[0]!.dictionaryLength)
    expect(lengths('deltas')).toEqual([2, 3, 5])
    const delta = readIpc(bytesOf('deltas')).batches.map(({ columns }) => columns[0]!.dictionary)
    expect(delta[0]).toBe(delta[2])
    expect(delta[2]!.chunks).toHaveLength(3)
    const replaced = readIpc(bytesOf('encodings')).batches.map(({ columns }) => columns[0]!.dictionary)
    expect(replaced[0]).not.toBe(replaced[1])
  })
})
