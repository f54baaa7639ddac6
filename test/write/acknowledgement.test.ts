import { Metadata } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { encodeRecordBatch, encodeSchema, frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { StreamDecoder } from '../../src/arrow/stream-decoder.ts'
import type { Row } from '../../src/client/result.ts'
import { WriteError } from '../../src/errors.ts'
import { encodeFlightData, parseFlightData } from '../../src/flight/flight-data.ts'
import { FlightDescriptor, FlightInfo, PutResult, SchemaResult } from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import {
  type FlightHandler,
  type FlightScript,
  Refusal,
  type ServerCall,
  type ServerOptions,
} from '../support/flight-server.ts'
import { serve, writerTo } from './writer-to.ts'

const SCHEMA: Schema = {
  fields: [
    field('id', { kind: 'int', bitWidth: 64, signed: true }, false),
    field('tag', {
      kind: 'dictionary',
      id: 0n,
      index: { kind: 'int', bitWidth: 8, signed: true },
      value: { kind: 'utf8' },
      ordered: false,
    }),
  ],
  metadata: NO_METADATA,
}
const encapsulated = (schema: Schema) => Buffer.concat([...frameIpcStream(schema, [])])

const answerSchema: FlightHandler = async (call) => {
  await call.receive()
  await call.send(encode(SchemaResult, { schema: encapsulated(SCHEMA) }))
}

async function writerFor(script: FlightScript, options?: ServerOptions) {
  const server = await serve({ GetSchema: answerSchema, ...script }, options)
  return { server, writer: await writerTo(server, 'spice') }
}

const ids = (count: number): Row[] => Array.from({ length: count }, (_, id) => ({ id, tag: `t${id % 2}` }))
const acknowledge = (call: ServerCall) => call.send(encode(PutResult, {}))

describe('a runtime that acknowledges each batch', () => {
  it('is believed batch by batch when the upload fails later', async () => {
    const { writer } = await writerFor({
      DoPut: async (call) => {
        await call.receive()
        for (let i = 0; i < 2; i++) {
          await call.receive()
          await acknowledge(call)
        }
        await call.receive()
        throw new Refusal('INTERNAL', 'the disk is full')
      },
    })
    const error = await writer.write('t', ids(25), { batchRows: 10 }).catch((error) => error)
    expect(error).toBeInstanceOf(WriteError)
    expect(error).toMatchObject({ acknowledgedRows: 20, code: 'WRITE_FAILED', dataset: 't' })
    expect(error.message).toMatch(/20 rows are acknowledged: INTERNAL: the disk is full/)
  })

  it('has to acknowledge all of them', async () => {
    const { writer } = await writerFor({
      DoPut: async (call) => {
        await call.receive()
        for (let i = 0; i < 3; i++) {
          await call.receive()
          if (i < 2) await acknowledge(call)
        }
        await call.receiveAll()
      },
    })
    await expect(writer.write('t', ids(25), { batchRows: 10 })).rejects.toMatchObject({
      acknowledgedRows: 20,
    })
  })
})

describe('a runtime that acknowledges once, at the end', () => {
  it('gets the descriptor, the schema and plain arrays', async () => {
    const rows: Record<string, unknown>[] = []
    let path: readonly string[] = []
    const { writer, server } = await writerFor({
      DoPut: async (call) => {
        const decoder = new StreamDecoder()
        const [first, ...batches] = (await call.receiveAll()).map(parseFlightData)
        path = decode(FlightDescriptor, first.descriptor).path
        expect(first.body.length).toBe(0)
        expect(decoder.push(first.header, first.body)).toBe(null)
        for (const { header, body } of batches) decoder.push(header, body)!.appendRows(rows)
        expect(decoder.schema!.fields.map((f) => f.type.kind)).toEqual(['int', 'utf8'])
        await acknowledge(call)
      },
    })
    expect(await writer.write('finance."my.trades"', ids(25), { batchRows: 10 })).toEqual({
      rows: 25,
      batches: 3,
    })
    expect(path).toEqual(['finance', 'my.trades'])
    expect(rows.map((row) => row.id)).toEqual(Array.from({ length: 25 }, (_, i) => BigInt(i)))
    expect(await writer.write('finance."my.trades"', ids(1))).toEqual({ rows: 1, batches: 1 })
    expect(server.count('GetSchema')).toBe(1)
  })

  it('is not believed when it ends before everything was sent', async () => {
    const { writer } = await writerFor({
      DoPut: async (call) => {
        await call.receive()
        await acknowledge(call)
      },
    })
    async function* endless() {
      for (let id = 0; ; id++) {
        yield { id }
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await expect(writer.write('t', endless(), { batchRows: 1 })).rejects.toThrow(/before all rows were sent/)
  })

  it('is told that a silent source is alive, and gets what there is', async () => {
    const lengths: number[] = []
    let release = () => {}
    const seen = new Promise<void>((resolve) => {
      release = resolve
    })
    const { writer } = await writerFor({
      DoPut: async (call) => {
        const decoder = new StreamDecoder()
        for (let message = await call.receive(); message !== null; message = await call.receive()) {
          const { header, body } = parseFlightData(message)
          const batch = decoder.push(header, body)
          if (batch !== null) lengths.push(batch.rowCount)
          if (lengths.length === 2) release()
        }
        await acknowledge(call)
      },
    })
    async function* slow() {
      yield { id: 1 }
      await seen
      yield { id: 2 }
    }
    expect(await writer.write('t', slow(), { idleMs: 20 })).toMatchObject({ rows: 2 })
    expect(lengths.slice(0, 2)).toEqual([1, 0])
    expect(lengths.reduce((a, b) => a + b)).toBe(2)
  })
})

describe('a server that takes messages of 4 MiB, as all do by default', () => {
  it('gets none that is larger', async () => {
    const channelOptions = { 'grpc.max_receive_message_length': 4 * 1024 * 1024 }
    const { writer } = await writerFor(
      {
        DoPut: async (call) => {
          await call.receiveAll()
          await acknowledge(call)
        },
      },
      { channelOptions },
    )
    // Bodies from just below 4 MiB to just above, so that for some the header makes the difference.
    for (let length = 1_048_440; length <= 1_048_576; length += 8) {
      const rows = Array.from({ length: 4 }, (_, id) => ({ id, tag: 'x'.repeat(length) }))
      expect(await writer.write('t', rows)).toMatchObject({ rows: 4 })
    }
  })
})

describe('a runtime that limits the rate of uploads', () => {
  it('is quoted with the time it wants', async () => {
    const { writer, server } = await writerFor({
      DoPut: async (call) => {
        await call.receive()
        const metadata = new Metadata()
        metadata.set('retry-after', '7')
        throw new Refusal('RESOURCE_EXHAUSTED', 'too many uploads', metadata)
      },
    })
    await expect(writer.write('t', ids(1))).rejects.toThrow(/too many uploads; try again after 7 seconds/)
    expect(server.count('DoPut')).toBe(1)
  })
})

describe('a source that is not read to its end', () => {
  it('is told so', async () => {
    const { writer } = await writerFor({
      DoPut: async (call) => {
        await call.receive()
        await call.receive()
        throw new Refusal('INVALID_ARGUMENT', 'no')
      },
    })
    let returned = false
    const source: AsyncIterable<Row> = {
      [Symbol.asyncIterator]: () => {
        let id = 0
        return {
          // The second row never comes.
          next: () => (id++ === 0 ? Promise.resolve({ done: false, value: { id } }) : new Promise(() => {})),
          return: async () => {
            returned = true
            return { done: true, value: undefined }
          },
        }
      },
    }
    await expect(writer.write('t', source, { batchRows: 1 })).rejects.toBeInstanceOf(WriteError)
    await expect.poll(() => returned).toBe(true)
  })
})

describe('the schema of a dataset', () => {
  it('is looked up in the list of tables where the server does not know paths, and again after a failure', async () => {
    let failing = true
    const { writer, server } = await writerFor({
      GetSchema: async (call) => {
        await call.receive()
        throw new Refusal('NOT_FOUND', 'Table not found')
      },
      DoPut: async (call) => {
        await call.receiveAll()
        if (failing) throw new Refusal('INVALID_ARGUMENT', 'schema mismatch')
        await acknowledge(call)
      },
    })
    // No table list is scripted: the server refuses that too.
    await expect(writer.write('t', ids(1))).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      acknowledgedRows: 0,
    })
    server.script.GetSchema = answerSchema
    await expect(writer.write('t', ids(1))).rejects.toThrow(/schema mismatch/)
    failing = false
    expect(await writer.write('t', ids(1))).toEqual({ rows: 1, batches: 1 })
    expect(server.count('GetSchema')).toBe(3)
  })

  it('is found in the list of tables where the server knows no paths', async () => {
    const tables: Schema = {
      fields: [
        field('catalog_name', { kind: 'utf8' }),
        field('db_schema_name', { kind: 'utf8' }),
        field('table_name', { kind: 'utf8' }, false),
        field('table_type', { kind: 'utf8' }, false),
        field('table_schema', { kind: 'binary' }, false),
      ],
      metadata: NO_METADATA,
    }
    const table = (name: string, schema: Schema) => ({
      catalog_name: 'spice',
      db_schema_name: 'public',
      table_name: name,
      table_type: 'BASE TABLE',
      table_schema: encapsulated(schema),
    })
    const other: Schema = { fields: [], metadata: NO_METADATA }
    const rows = [table('my_t', other), table('my t', SCHEMA)]
    const { writer } = await writerFor({
      GetSchema: async (call) => {
        await call.receive()
        throw new Refusal('UNIMPLEMENTED', 'no paths')
      },
      GetFlightInfo: async (call) => {
        await call.receive()
        await call.send(encode(FlightInfo, { endpoint: [{ ticket: { ticket: Uint8Array.of(1) } }] }))
      },
      DoGet: async (call) => {
        await call.receive()
        const { header, body } = encodeRecordBatch(tables, rows.length, columnsFromRows(tables, rows))
        await call.send(encodeFlightData({ header: encodeSchema(tables) }))
        await call.send(encodeFlightData({ header, body }))
      },
      DoPut: async (call) => {
        await call.receiveAll()
        await acknowledge(call)
      },
    })
    expect(await writer.write('spice.public.my t', ids(2))).toEqual({ rows: 2, batches: 1 })
    await expect(writer.write('spice.private.my t', ids(2))).rejects.toThrow(/no dataset of this name/)
  })
})
