import { encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { encodeFlightData } from '../../src/flight/flight-data.ts'

/** FlightData messages of small results for scripted servers. */

const INT64: DataType = { kind: 'int', bitWidth: 64, signed: true }

export function schemaOf(columns: Record<string, DataType>): Schema {
  return {
    fields: Object.entries(columns).map(([name, type]) => field(name, type)),
    metadata: NO_METADATA,
  }
}

export const NUMBERS = schemaOf({ n: INT64 })

export function schemaMessage(schema: Schema): Uint8Array {
  return encodeFlightData({ header: encodeSchema(schema) })
}

/** The schema of FlightInfo and SchemaResult: with continuation mark and length. */
export function encapsulated(schema: Schema): Uint8Array {
  const header = encodeSchema(schema)
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32LE(0xffffffff, 0)
  prefix.writeInt32LE(header.length, 4)
  return Buffer.concat([prefix, header])
}

/** One batch of one column `n`. */
export function numbersMessage(...numbers: number[]): Uint8Array {
  const data = new Uint8Array(BigInt64Array.from(numbers.map(BigInt)).buffer)
  const column = { length: numbers.length, nullCount: 0, buffers: [null, data], children: [] }
  return encodeFlightData(encodeRecordBatch(NUMBERS, numbers.length, [column]))
}

/** One batch of one text column. */
export function textMessage(schema: Schema, text: string): Uint8Array {
  const data = new TextEncoder().encode(text)
  const offsets = new Uint8Array(Int32Array.of(0, data.length).buffer)
  const column = { length: 1, nullCount: 0, buffers: [null, offsets, data], children: [] }
  return encodeFlightData(encodeRecordBatch(schema, 1, [column]))
}
