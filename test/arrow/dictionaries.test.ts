import { describe, expect, test } from 'vitest'
import type { ColumnData } from '../../src/arrow/column-data.ts'
import { StreamDecoder, type Timestamp } from '../../src/arrow/index.ts'
import { encodeDictionaryBatches, encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { column, decode, INT32, NOTHING, schemaOf } from './written-column.ts'

describe('dictionaries', () => {
  const type: DataType = { kind: 'dictionary', id: 4n, index: INT32, value: { kind: 'utf8' }, ordered: false }
  const words = column(2, [null, Int32Array.of(0, 1, 3), Buffer.from('abb')])

  test('that never came are an error, unless every value is null', () => {
    const decoder = new StreamDecoder()
    const schema = schemaOf(type)
    decoder.push(encodeSchema(schema), NOTHING)
    const dictionary = { type: { kind: 'utf8' } as const, values: words }
    const used = encodeRecordBatch(schema, 1, [column(1, [null, Int32Array.of(0)], { dictionary })])
    expect(() => decoder.push(used.header, Buffer.concat(used.body))).toThrow('dictionary 4 was never sent')
    const empty = encodeRecordBatch(schema, 1, [
      column(1, [Uint8Array.of(0), Int32Array.of(0)], { nullCount: 1, dictionary }),
    ])
    const rows: Array<Record<string, unknown>> = []
    decoder.push(empty.header, Buffer.concat(empty.body))!.appendRows(rows)
    expect(rows).toEqual([{ column: null }])
  })

  describe('within dictionaries', () => {
    const outer: DataType = {
      ...type,
      id: 9n,
      value: { kind: 'list', child: field('item', type) },
    }
    const inner = column(2, [null, Int32Array.of(1, 0)], { dictionary: { type: type.value, values: words } })
    const lists = column(2, [null, Int32Array.of(0, 2, 2)], { children: [inner] })
    const data = column(2, [null, Int32Array.of(0, 1)], { dictionary: { type: outer.value, values: lists } })
    const schema = schemaOf(outer)
    const messages = encodeDictionaryBatches(schema, [data])
    const batch = encodeRecordBatch(schema, 2, [data])
    const read = (dictionaries: readonly { header: Uint8Array; body: readonly Uint8Array[] }[]) => {
      const decoder = new StreamDecoder()
      decoder.push(encodeSchema(schema), NOTHING)
      for (const { header, body } of dictionaries) decoder.push(header, Buffer.concat(body))
      const rows: Array<Record<string, unknown>> = []
      decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
      return rows
    }

    test('may come in any order', () => {
      expect(messages.map(({ id }) => id)).toEqual([4n, 9n])
      const rows = [{ column: ['bb', 'a'] }, { column: [] }]
      expect(read(messages)).toEqual(rows)
      expect(read([...messages].reverse())).toEqual(rows)
    })

    test('that never come are an error', () => {
      expect(() => read(messages.slice(1))).toThrow('never sent')
    })
  })

  test('of several columns that a server gave one id are an error, not the values of the last', () => {
    const schema: Schema = { fields: [field('a', type), field('b', type)], metadata: NO_METADATA }
    const other = column(2, [null, Int32Array.of(0, 1, 3), Buffer.from('xyy')])
    const indices = (values: ColumnData) =>
      column(1, [null, Int32Array.of(0)], { dictionary: { type: type.value, values } })
    const dictionaries = (values: ColumnData) => encodeDictionaryBatches(schemaOf(type), [indices(values)])
    const batch = encodeRecordBatch(schema, 1, [indices(words), indices(words)])
    const read = (...messages: ReadonlyArray<{ header: Uint8Array; body: readonly Uint8Array[] }>) => {
      const decoder = new StreamDecoder()
      decoder.push(encodeSchema(schema), NOTHING)
      const rows: Array<Record<string, unknown>> = []
      for (const { header, body } of messages) decoder.push(header, Buffer.concat(body))?.appendRows(rows)
      return rows
    }
    const [first] = dictionaries(words)
    const [second] = dictionaries(other)
    expect(() => read(first!, second!, batch)).toThrow('dictionary 4 was sent twice')
    expect(read(first!, first!, batch)).toEqual([{ a: 'a', b: 'a' }])
    expect(read(first!, batch, second!, batch)).toEqual([
      { a: 'a', b: 'a' },
      { a: 'x', b: 'x' },
    ])
  })

  test('do not share values that can be changed', () => {
    const at: DataType = { ...type, value: { kind: 'timestamp', unit: 'second', timezone: null } }
    const values = column(1, [null, BigInt64Array.of(1n)])
    const data = column(2, [null, Int32Array.of(0, 0)], { dictionary: { type: at.value, values } })
    const [first, second] = decode(at, data) as Timestamp[]
    expect(first).toEqual(second)
    expect(first).not.toBe(second)
  })

  test('indices outside them are an error', () => {
    const data = column(1, [null, Int32Array.of(2)], {
      dictionary: { type: { kind: 'utf8' }, values: words },
    })
    expect(() => decode(type, data)).toThrow('index 2 points outside its dictionary of 2 values')
  })
})
