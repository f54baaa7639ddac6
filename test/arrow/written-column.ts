import type { ColumnData } from '../../src/arrow/column-data.ts'
import { StreamDecoder } from '../../src/arrow/index.ts'
import { encodeDictionaryBatches, encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import type { ValueOptions } from '../../src/arrow/values-options.ts'

export const NOTHING = new Uint8Array(0)
export const INT32 = { kind: 'int', bitWidth: 32, signed: true } as const
export const INT8 = { kind: 'int', bitWidth: 8, signed: true } as const
export const INT64 = { kind: 'int', bitWidth: 64, signed: true } as const

export function schemaOf(type: DataType, name = 'column'): Schema {
  return { fields: [field(name, type)], metadata: NO_METADATA }
}

export function column(
  length: number,
  buffers: Array<ArrayBufferView | null>,
  parts: Partial<ColumnData> = {},
): ColumnData {
  const bytes = buffers.map((b) => b && new Uint8Array(b.buffer, b.byteOffset, b.byteLength))
  return { length, nullCount: 0, buffers: bytes, children: [], ...parts }
}

/** The values of one column that went through the writer's messages. */
export function decode(
  type: DataType,
  data: ColumnData,
  values?: ValueOptions,
  maxDecompressedBytes?: number,
): unknown[] {
  const schema = schemaOf(type)
  const decoder = new StreamDecoder({ values, maxDecompressedBytes })
  decoder.push(encodeSchema(schema), NOTHING)
  for (const { header, body } of encodeDictionaryBatches(schema, [data]))
    decoder.push(header, Buffer.concat(body))
  const { header, body } = encodeRecordBatch(schema, data.length, [data])
  const rows: Array<Record<string, unknown>> = []
  decoder.push(header, Buffer.concat(body))!.appendRows(rows)
  return rows.map((row) => row.column)
}
