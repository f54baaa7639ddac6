import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowKeys, rowsFromIpc, StreamDecoder } from '../../src/arrow/index.ts'
import { encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import {
  objectBuilder,
  objectBuilderFromClosures,
  type RowObject,
  rowAppender,
  rowAppenderFromClosures,
} from '../../src/arrow/object-builder.ts'
import { type DataType, field, NO_METADATA } from '../../src/arrow/schema.ts'

const INT32: DataType = { kind: 'int', bitWidth: 32, signed: true }

const names = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '',
    '0',
    '10',
    'a',
    'a:1',
    '"',
    "'",
    '\\',
    '`',
    '$' + '{x}',
    '\n',
    '\u2028',
    '\ud800',
    '*/',
    '}); process.exit(1); ({',
  ),
  fc.string(),
)

describe('keys', () => {
  test.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', 'a', 'a'],
      ['a', 'a:1', 'a:2'],
    ],
    [
      ['a', 'a:1', 'a'],
      ['a', 'a:1', 'a:2'],
    ],
    [
      ['a', 'a', 'a:1'],
      ['a', 'a:2', 'a:1'],
    ],
    [
      ['', ''],
      ['', ':1'],
    ],
    [
      ['__proto__', '__proto__'],
      ['__proto__', '__proto__:1'],
    ],
  ])('of %j are %j', (columns, keys) => {
    expect(rowKeys(columns.map((name) => ({ name })))).toEqual(keys)
  })

  test('are as many as the columns, all different, first ones kept', () => {
    fc.assert(
      fc.property(fc.array(names, { maxLength: 12 }), (columns) => {
        const keys = rowKeys(columns.map((name) => ({ name })))
        expect(new Set(keys).size).toBe(columns.length)
        for (const name of columns) expect(keys[columns.indexOf(name)]).toBe(name)
      }),
    )
  })
})

describe('names are data', () => {
  const readersFor = (keys: readonly string[]) =>
    keys.map((_, column) => ({ get: (row: number) => row * 1000 + column }))

  test('whatever they are, generated code and closures build the same objects', () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 8 }), (keys) => {
        const readers = readersFor(keys)
        const built = objectBuilder(keys)(readers, 3)
        expect(built).toStrictEqual(objectBuilderFromClosures(keys)(readers, 3))
        expect(Object.getPrototypeOf(built)).toBe(Object.prototype)
        expect(new Set(Object.keys(built))).toEqual(new Set(keys))
        for (const [column, key] of keys.entries())
          expect(Object.getOwnPropertyDescriptor(built, key)).toEqual({
            value: 3000 + column,
            writable: true,
            enumerable: true,
            configurable: true,
          })
        const generated: RowObject[] = []
        const closures: RowObject[] = []
        rowAppender(keys)(readers, 3, generated)
        rowAppenderFromClosures(keys)(readers, 3, closures)
        expect(generated).toStrictEqual(closures)
      }),
    )
  })

  test('a table wider than a literal may be is read all the same', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `c${i}`)
    const rows: RowObject[] = []
    rowAppender(keys)(readersFor(keys), 2, rows)
    expect(Object.keys(rows[1]!)).toEqual(keys)
    expect(rows[1]!.c999).toBe(1999)
  })

  test.each([1, 200])('a result of %i rows keeps hostile and repeated names', (count) => {
    const columns = ['__proto__', 'b"', 'b"', '', 'constructor']
    const schema = { fields: columns.map((name) => field(name, INT32)), metadata: NO_METADATA }
    const values = Int32Array.from({ length: count }, (_, i) => i)
    const column = {
      length: count,
      nullCount: 0,
      buffers: [null, new Uint8Array(values.buffer)],
      children: [],
    }
    const { header, body } = encodeRecordBatch(schema, count, Array(5).fill(column))
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema(schema), new Uint8Array(0))
    const rows: RowObject[] = []
    decoder.push(header, new Uint8Array(Buffer.concat(body)))!.appendRows(rows)
    const row = rows.at(-1)!
    expect(Object.keys(row)).toEqual(['__proto__', 'b"', 'b":1', '', 'constructor'])
    expect(Object.values(row)).toEqual(Array(5).fill(count - 1))
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
  })
})

test('where code generation from strings is forbidden, rows are the same', () => {
  const fixture = fileURLToPath(new URL('../fixtures/arrow/nesteds.arrow', import.meta.url))
  const entry = new URL('../../src/arrow/index.ts', import.meta.url).href
  const program = `
    import { readFileSync } from 'node:fs'
    import { isDeepStrictEqual } from 'node:util'
    const { readIpc } = await import(${JSON.stringify(entry)})
    let forbidden = false
    try { new Function('return 1') } catch { forbidden = true }
    const rows = []
    const { batches } = readIpc(new Uint8Array(readFileSync(${JSON.stringify(fixture)})))
    for (let i = 0; i < 50; i++) for (const batch of batches) batch.appendRows(rows)
    console.log(JSON.stringify({ forbidden, rows: rows.slice(-8) }, (_, value) => typeof value === 'bigint' ? value + 'n' : value))
  `
  const output = execFileSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', '--import', 'tsx', '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  )
  const rows = rowsFromIpc(new Uint8Array(readFileSync(fixture)))
  expect(JSON.parse(output)).toEqual({
    forbidden: true,
    rows: JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))),
  })
})
