import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import {
  encodeDictionaryBatches,
  encodeRecordBatch,
  encodeSchema,
  frameIpcStream,
} from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { bytes, rareSampleColumns, sampleColumns } from './sample-columns.ts'

const samples = sampleColumns()
const schema: Schema = {
  fields: samples.map((sample) => sample.field),
  metadata: new Map([['origin', 'test']]),
}
const batch = { length: 3, columns: samples.map((sample) => sample.column) }

describe('an encoded IPC stream', () => {
  const table = tableFromIPC(Buffer.concat([...frameIpcStream(schema, [batch, batch])]))

  it('holds every batch and the schema metadata', () => {
    expect(table.numRows).toBe(6)
    expect(table.schema.metadata).toEqual(new Map([['origin', 'test']]))
  })

  it.each(samples.map((sample, i) => [sample.field.name, i] as const))('%s has its nulls', (_name, i) => {
    const column = table.getChildAt(i)!
    const nulls = samples[i].values.map((value) => value === null)
    expect([...column].slice(0, 3).map((value) => value === null)).toEqual(nulls)
  })

  it('holds the values of types JavaScript has one obvious form for', () => {
    for (const name of [
      'bool',
      'int8',
      'int32',
      'int64',
      'uint32',
      'uint64',
      'float32',
      'utf8',
      'largeUtf8',
    ]) {
      const i = samples.findIndex((sample) => sample.field.name === name)
      expect([...table.getChildAt(i)!].slice(0, 3), name).toEqual(samples[i].values)
    }
    expect([...table.getChild('denseUnion')!].slice(0, 3)).toEqual([1, 'z', 2])
    expect([...table.getChild('dictionary')!]).toEqual(['z', null, 'w', 'z', null, 'w'])
    expect(table.getChild('list')!.get(2).toArray()).toEqual(Int32Array.of(3, 4))
    expect(table.getChild('struct')!.get(2).toJSON()).toEqual({ a: 3, b: 'z' })
  })

  it('names each type as apache-arrow does', () => {
    const names = table.schema.fields.map((arrowField) => `${arrowField.name}: ${arrowField.type}`)
    expect(names).toMatchSnapshot()
  })
})

describe('field declarations', () => {
  it('keep nullability and metadata', () => {
    const declared: Schema = {
      fields: [
        {
          ...field('id', { kind: 'fixedSizeBinary', byteWidth: 16 }, false),
          metadata: new Map([['ARROW:extension:name', 'arrow.uuid']]),
        },
        field('', { kind: 'utf8' }),
        field('', { kind: 'utf8' }),
        field('__proto__', { kind: 'utf8' }),
      ],
      metadata: NO_METADATA,
    }
    const read = tableFromIPC(Buffer.concat([...frameIpcStream(declared, [])])).schema
    expect(read.fields.map((f) => [f.name, f.nullable])).toEqual([
      ['id', false],
      ['', true],
      ['', true],
      ['__proto__', true],
    ])
    expect(read.fields[0].metadata).toEqual(new Map([['ARROW:extension:name', 'arrow.uuid']]))
  })

  it('encode a schema of a thousand fields', () => {
    const wide: Schema = {
      fields: Array.from({ length: 1000 }, (_, i) => field(`column_${i}`, { kind: 'utf8' })),
      metadata: NO_METADATA,
    }
    const read = tableFromIPC(Buffer.concat([...frameIpcStream(wide, [])])).schema
    expect(read.fields.map((f) => f.name)).toEqual(wide.fields.map((f) => f.name))
  })
})

describe('message bodies', () => {
  it('start every buffer on a multiple of 64 and are not copied', () => {
    const values = Int32Array.of(1, 2, 3)
    const one: Schema = {
      fields: [field('a', { kind: 'int', bitWidth: 32, signed: true })],
      metadata: NO_METADATA,
    }
    const data = bytes(values)
    const message = encodeRecordBatch(one, 3, [
      { length: 3, nullCount: 1, buffers: [Uint8Array.of(5), data], children: [] },
    ])
    expect(message.bodyLength).toBe(128)
    expect(message.body.reduce((sum, part) => sum + part.length, 0)).toBe(128)
    expect(message.body).toContain(data)
    expect(message.header.length % 8).toBe(0)
    expect(encodeSchema(one).length % 8).toBe(0)
  })

  it('come with one message per dictionary, inner ones first', () => {
    const rare = rareSampleColumns().filter((sample) => sample.field.name === 'nestedDictionary')
    const messages = encodeDictionaryBatches(
      { fields: rare.map((s) => s.field), metadata: NO_METADATA },
      rare.map((s) => s.column),
    )
    expect(messages.map((message) => message.id)).toEqual([2n, 1n])
  })

  it('repeat a dictionary in a stream only when it changed', () => {
    const i = samples.findIndex((sample) => sample.field.name === 'dictionary')
    const one: Schema = { fields: [samples[i].field], metadata: NO_METADATA }
    const same = { length: 3, columns: [samples[i].column] }
    const changed = {
      length: 3,
      columns: [
        {
          ...samples[i].column,
          dictionary: {
            ...samples[i].column.dictionary!,
            values: { ...samples[i].column.dictionary!.values },
          },
        },
      ],
    }
    const size = (batches: (typeof same)[]) => Buffer.concat([...frameIpcStream(one, batches)]).length
    const first = size([same])
    const repeated = size([same, same]) - first
    expect(size([same, changed]) - first).toBeGreaterThan(repeated)
    expect(size([same, same, same]) - first).toBe(2 * repeated)
  })

  it('refuse columns that do not fit the schema', () => {
    const one: Schema = { fields: [field('a', { kind: 'utf8' })], metadata: NO_METADATA }
    expect(() => encodeRecordBatch(one, 0, [])).toThrow(/0 columns given for a schema of 1 fields/)
    expect(() =>
      encodeRecordBatch(one, 0, [
        { length: 0, nullCount: 0, buffers: [null, new Uint8Array(4)], children: [] },
      ]),
    ).toThrow(/2 buffers instead of 3/)
    const list: Schema = {
      fields: [field('a', { kind: 'list', child: field('item', { kind: 'bool' }) })],
      metadata: NO_METADATA,
    }
    expect(() =>
      encodeRecordBatch(list, 0, [
        { length: 0, nullCount: 0, buffers: [null, new Uint8Array(4)], children: [] },
      ]),
    ).toThrow(/0 children instead of 1/)
  })
})
