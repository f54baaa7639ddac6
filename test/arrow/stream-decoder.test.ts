import { describe, expect, test } from 'vitest'
import { StreamDecoder } from '../../src/arrow/index.ts'
import { encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field } from '../../src/arrow/schema.ts'
import { column, decode, INT32, NOTHING, schemaOf } from './written-column.ts'

describe('a stream', () => {
  const schema = schemaOf(INT32)
  const batch = encodeRecordBatch(schema, 2, [column(2, [null, Int32Array.of(7, 8)])])

  test('begins with its schema', () => {
    const decoder = new StreamDecoder()
    expect(decoder.schema).toBeNull()
    expect(() => decoder.push(batch.header, Buffer.concat(batch.body))).toThrow('before the schema')
    expect(decoder.push(encodeSchema(schema), NOTHING)).toBeNull()
    expect(decoder.schema).toEqual(schema)
    expect(decoder.push(batch.header, Buffer.concat(batch.body))!.rowCount).toBe(2)
  })

  test('may repeat its schema or begin anew with another', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema(schema), NOTHING)
    decoder.push(encodeSchema(schema), NOTHING)
    const rows: Array<Record<string, unknown>> = []
    decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
    decoder.push(encodeSchema(schemaOf(INT32, 'other')), NOTHING)
    decoder.push(batch.header, Buffer.concat(batch.body))!.appendRows(rows)
    expect(rows).toEqual([{ column: 7 }, { column: 8 }, { other: 7 }, { other: 8 }])
  })

  test('with the same schema bytes as an earlier one shares what was made of them', () => {
    const decoders = [
      new StreamDecoder(),
      new StreamDecoder(),
      new StreamDecoder({ values: { int64: 'number' } }),
    ]
    for (const decoder of decoders) decoder.push(encodeSchema(schemaOf(INT32, 'shared')), NOTHING)
    expect(decoders[1]!.schema).toBe(decoders[0]!.schema)
    expect(decoders[2]!.schema).not.toBe(decoders[0]!.schema)
  })

  test('refuses a body shorter than its message says', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema(schema), NOTHING)
    expect(() => decoder.push(batch.header, Buffer.concat(batch.body).subarray(0, 4))).toThrow(
      /body bytes arrived/,
    )
  })
})

describe('intervals', () => {
  test.each([
    ['yearMonth', Int32Array.of(14), { months: 14, days: 0, nanoseconds: 0n }],
    ['dayTime', Int32Array.of(3, -5), { months: 0, days: 3, nanoseconds: -5_000_000n }],
    ['monthDayNano', Int32Array.of(1, -2, 3, 0), { months: 1, days: -2, nanoseconds: 3n }],
  ] as const)('in %s take one shape', (unit, values, interval) => {
    expect(decode({ kind: 'interval', unit }, column(1, [null, values]))).toEqual([interval])
  })
})

describe('text', () => {
  const text = (bytes: Buffer, ...offsets: number[]) =>
    decode({ kind: 'utf8' }, column(offsets.length - 1, [null, Int32Array.from(offsets), bytes]))

  test('that is no UTF-8 is an error that names the column', () => {
    expect(() => text(Buffer.from([0xff]), 0, 1)).toThrow(/"column".*not valid UTF-8/)
    expect(() => text(Buffer.from('é'), 0, 1, 2)).toThrow(/not valid UTF-8/)
  })

  test('may hold the replacement character and a byte order mark', () => {
    expect(text(Buffer.from('\ufffd\ufeff'), 0, 3, 6)).toEqual(['\ufffd', '\ufeff'])
  })

  test.each([1, 2, 8, 9, 12, 13, 16, 17, 300])('of %i characters is read alone and among many', (length) => {
    const word = 'abcdefghijklmnopqrstuvwxyz'.repeat(12).slice(0, length)
    expect(text(Buffer.from(word), 0, length)).toEqual([word])
    const many = Array.from({ length: 101 }, (_, i) => i * length)
    expect(text(Buffer.from(word.repeat(100)), ...many)).toEqual(Array(100).fill(word))
  })

  test('need not begin where its data does', () => {
    expect(
      text(
        Buffer.from('skipped words and some more to pass the length from which text is shared'),
        8,
        13,
        13,
      ),
    ).toEqual(['words', ''])
  })
})

describe('layouts', () => {
  test('an array without values needs no offsets', () => {
    const listType: DataType = { kind: 'list', child: field('item', { kind: 'utf8' }) }
    const nothing = column(0, [null, NOTHING, NOTHING])
    expect(decode({ kind: 'utf8' }, nothing)).toEqual([])
    expect(decode(listType, column(2, [null, new Int32Array(3)], { children: [nothing] }))).toEqual([[], []])
  })

  test('nulls without a bitmap are an error', () => {
    expect(() => decode(INT32, column(1, [null, Int32Array.of(1)], { nullCount: 1 }))).toThrow(
      'validity bitmap',
    )
  })

  test('maps with a repeated key are refused rather than shortened', () => {
    const entries: DataType = {
      kind: 'struct',
      children: [field('key', INT32, false), field('value', INT32)],
    }
    const pairs = column(2, [null], {
      children: [column(2, [null, Int32Array.of(5, 5)]), column(2, [null, Int32Array.of(1, 2)])],
    })
    const type: DataType = { kind: 'map', keysSorted: false, entries: field('entries', entries, false) }
    const map = column(1, [null, Int32Array.of(0, 2)], { children: [pairs] })
    expect(() => decode(type, map)).toThrow(/"column".*same key twice/)
  })
})
