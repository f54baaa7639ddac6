import { encodeRecordBatch, encodeSchema } from '../arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../arrow/schema.ts'
import { StreamDecoder } from '../arrow/stream-decoder.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { ResultBatch } from '../client/result.ts'

const COUNT_SCHEMA: Schema = {
  fields: [field('count', { kind: 'int', bitWidth: 64, signed: true })],
  metadata: NO_METADATA,
}

/**
 * The number of rows a statement touched as a result of one row, the form in which engines that answer
 * with rows give it. -1 stands for unknown and becomes null.
 */
export function countBatch(count: bigint, values?: ValueOptions): { schema: Schema; batch: ResultBatch } {
  const known = count >= 0n
  const data = new Uint8Array(BigInt64Array.of(known ? count : 0n).buffer)
  const validity = known ? null : Uint8Array.of(0)
  const column = { length: 1, nullCount: known ? 0 : 1, buffers: [validity, data], children: [] }
  const message = encodeRecordBatch(COUNT_SCHEMA, 1, [column])
  const decoder = new StreamDecoder({ values })
  decoder.push(encodeSchema(COUNT_SCHEMA), new Uint8Array(0))
  return { schema: COUNT_SCHEMA, batch: decoder.push(message.header, Buffer.concat(message.body))! }
}
