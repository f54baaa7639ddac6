import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ColumnData } from '../../src/arrow/column-data.ts'
import { FlatBuffer } from '../../src/arrow/flatbuffer.ts'
import { FlatbufferWriter } from '../../src/arrow/flatbuffer-writer.ts'
import { readIpc, rowsFromIpc, StreamDecoder } from '../../src/arrow/index.ts'
import { encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA } from '../../src/arrow/schema.ts'
import { LimitError } from '../../src/errors.ts'
import { column, decode, INT8, INT32, INT64, NOTHING, schemaOf } from './written-column.ts'

describe('hostile messages', () => {
  /** A message whose header is the root of what `write` writes. */
  function message(kind: number, write: (writer: FlatbufferWriter) => number, bodyLength = 0): Uint8Array {
    const writer = new FlatbufferWriter()
    const header = write(writer)
    return writer.finish(
      writer.table([
        { as: 'int16', value: 4 },
        { as: 'int8', value: kind },
        { as: 'offset', value: header },
        { as: 'int64', value: bodyLength },
      ]),
    )
  }

  function recordBatch(rows: number, nodes: number[], buffers: number[]): Uint8Array {
    return message(3, (writer) => {
      const nodeVector = writer.longVector(nodes, 2)
      const bufferVector = writer.longVector(buffers, 2)
      return writer.table([
        { as: 'int64', value: rows },
        { as: 'offset', value: nodeVector },
        { as: 'offset', value: bufferVector },
      ])
    })
  }

  test('that claim rows without bytes for them are refused, up to what columns without bytes need', () => {
    const decoder = new StreamDecoder()
    decoder.push(encodeSchema({ fields: [], metadata: NO_METADATA }), NOTHING)
    expect(() => decoder.push(recordBatch(2 ** 40, [], []), NOTHING)).toThrow('can stand for')
    expect(decoder.push(recordBatch(100_000, [], []), NOTHING)!.rowCount).toBe(100_000)
    decoder.push(encodeSchema(schemaOf({ kind: 'null' })), NOTHING)
    expect(() => decoder.push(recordBatch(2 ** 40, [2 ** 40, 2 ** 40], []), NOTHING)).toThrow('can stand for')
  })

  test('whose list views repeat one list without end stop at the limit', () => {
    const child = column(1000, [null, new Int8Array(1000)])
    const type: DataType = {
      kind: 'listView',
      child: field('item', { kind: 'int', bitWidth: 8, signed: true }),
    }
    const views = column(1000, [null, new Int32Array(1000), new Int32Array(1000).fill(1000)], {
      children: [child],
    })
    expect(() => decode(type, views, {}, 1 << 20)).toThrow(/expand to more than 1048576 bytes/)
  })

  test('whose text views repeat one text without end stop at the limit', () => {
    const views = new Int32Array(4 * 1000)
    for (let i = 0; i < 1000; i++) views.set([4000, 0, 0, 0], 4 * i)
    const data = column(1000, [null, views, Buffer.alloc(4000, 'x')], { variadicCount: 1 })
    expect(() => decode({ kind: 'utf8View' }, data, {}, 1 << 20)).toThrow(/expand to more than/)
    expect(decode({ kind: 'utf8View' }, data)).toHaveLength(1000)
  })

  describe('in which few bytes stand for many values stop at the limit', () => {
    const LIMIT = 1 << 20
    const rows = 1000
    const long = column(1, [null, Int32Array.of(0, 4000), Buffer.alloc(4000, 'x')])
    const many = column(rows, [null, new Int32Array(rows), new Int32Array(rows).fill(rows)])
    const timestamp: DataType = { kind: 'timestamp', unit: 'second', timezone: null }

    test.each<[string, DataType, ColumnData]>([
      [
        'runs of one text',
        { kind: 'runEndEncoded', runEnds: field('', INT32, false), values: field('', { kind: 'utf8' }) },
        column(rows, [], { children: [column(1, [null, Int32Array.of(rows)]), long] }),
      ],
      [
        'a dense union that repeats one text',
        { kind: 'union', mode: 'dense', typeIds: [0], children: [field('text', { kind: 'utf8' })] },
        column(rows, [new Int8Array(rows), new Int32Array(rows)], { children: [long] }),
      ],
      [
        'list views of one text',
        { kind: 'listView', child: field('item', { kind: 'utf8' }) },
        column(rows, [null, new Int32Array(rows), new Int32Array(rows).fill(1)], { children: [long] }),
      ],
      [
        'list views of the same instants',
        { kind: 'listView', child: field('item', timestamp) },
        { ...many, children: [column(rows, [null, new BigInt64Array(rows)])] },
      ],
      [
        'list views of the same empty objects',
        { kind: 'listView', child: field('item', { kind: 'struct', children: [] }) },
        { ...many, children: [column(rows, [null])] },
      ],
      [
        'list views of the same empty bytes',
        { kind: 'listView', child: field('item', { kind: 'fixedSizeBinary', byteWidth: 0 }) },
        { ...many, children: [column(rows, [null, NOTHING])] },
      ],
    ])('%s', (_, type, data) => {
      expect(() => decode(type, data, {}, LIMIT)).toThrow(LimitError)
      // Not for what they are, but for how much of it there is.
      expect(decode(type, { ...data, length: 2, children: ofTwoRows(type, data) }, {}, LIMIT)).toHaveLength(2)
    })

    /** Runs have to end where the array does. */
    function ofTwoRows(type: DataType, data: ColumnData): readonly ColumnData[] {
      if (type.kind !== 'runEndEncoded') return data.children
      return [column(1, [null, Int32Array.of(2)]), data.children[1]!]
    }

    test('dictionary values that every row has for itself', () => {
      const type: DataType = {
        kind: 'dictionary',
        id: 1n,
        index: INT8,
        value: { kind: 'list', child: field('item', { kind: 'utf8' }) },
        ordered: false,
      }
      const values = column(1, [null, Int32Array.of(0, 1)], { children: [long] })
      const data = column(rows, [null, new Int8Array(rows)], { dictionary: { type: type.value, values } })
      expect(() => decode(type, data, {}, LIMIT)).toThrow(LimitError)
    })

    test('columns without bytes', () => {
      const fields = Array.from({ length: 100 }, (_, i) => field(`c${i}`, { kind: 'null' }))
      const decoder = new StreamDecoder({ maxDecompressedBytes: LIMIT })
      decoder.push(encodeSchema({ fields, metadata: NO_METADATA }), NOTHING)
      const batch = (length: number) =>
        recordBatch(
          length,
          fields.flatMap(() => [length, length]),
          [],
        )
      expect(decoder.push(batch(1000), NOTHING)!.rowCount).toBe(1000)
      expect(() => decoder.push(batch(1_000_000), NOTHING)).toThrow(LimitError)
    })

    test('columns over the same bytes', () => {
      const fields = Array.from({ length: 100 }, (_, i) => field(`c${i}`, INT64))
      const decoder = new StreamDecoder({ maxDecompressedBytes: LIMIT })
      decoder.push(encodeSchema({ fields, metadata: NO_METADATA }), NOTHING)
      const overlapping = recordBatch(
        1000,
        fields.flatMap(() => [1000, 0]),
        fields.flatMap(() => [0, 0, 0, 8000]),
      )
      expect(() => decoder.push(overlapping, new Uint8Array(8000))).toThrow(/buffers overlap/)
    })
  })

  test('with types nested too deep, or tables that contain themselves, are refused', () => {
    let type: DataType = INT32
    for (let depth = 0; depth < 70; depth++) type = { kind: 'list', child: field('item', type) }
    expect(() => new StreamDecoder().push(encodeSchema(schemaOf(type)), NOTHING)).toThrow('nested deeper')

    const cyclic = encodeSchema(schemaOf({ kind: 'list', child: field('item', INT32) }))
    const view = new DataView(cyclic.buffer, cyclic.byteOffset, cyclic.length)
    let cycles = 0
    for (let at = 0; at + 4 <= cyclic.length; at += 4) {
      const original = view.getUint32(at, true)
      for (let target = 0; target < cyclic.length; target += 4) {
        view.setUint32(at, (target - at) >>> 0, true)
        try {
          new StreamDecoder().push(cyclic, NOTHING)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(PROTOCOL|UNSUPPORTED)$/) })
          cycles++
        }
      }
      view.setUint32(at, original, true)
    }
    expect(cycles).toBeGreaterThan(1000)
  })

  test('in big-endian byte order are refused in so many words', () => {
    const bigEndian = message(1, (writer) => {
      const fields = writer.offsetVector([])
      return writer.table([
        { as: 'int16', value: 1 },
        { as: 'offset', value: fields },
      ])
    })
    expect(() => new StreamDecoder().push(bigEndian, NOTHING)).toThrow(/big-endian/)
  })

  test('of other kinds and versions are refused', () => {
    expect(() =>
      new StreamDecoder().push(
        message(4, (w) => w.table([])),
        NOTHING,
      ),
    ).toThrow('message kind 4')
    expect(() => new StreamDecoder().push(NOTHING, NOTHING)).toThrow('outside its 0 bytes')
  })

  test('a file whose batches overlap is refused', () => {
    const bytes = new Uint8Array(readFileSync(new URL('../fixtures/arrow/file-lz4.arrow', import.meta.url)))
    const batches = readIpc(bytes).batches.length
    const end = bytes.length - 10
    const footer = bytes.subarray(end - new DataView(bytes.buffer, end, 4).getInt32(0, true), end)
    const reader = new FlatBuffer(footer)
    const vector = reader.vector(reader.root(), 3, 24)
    expect(reader.vectorLength(vector)).toBe(batches)
    for (let i = 1; i < batches; i++) footer.copyWithin(vector + 4 + 24 * i, vector + 4, vector + 28)
    expect(() => readIpc(bytes)).toThrow('overlap')
  })

  test('a file or stream that was cut off is no shorter result', () => {
    expect(() => readIpc(NOTHING)).toThrow('no schema')
    expect(() => rowsFromIpc(Buffer.from('ARROW1\0\0 and no more'))).toThrow('cut off')
  })
})
