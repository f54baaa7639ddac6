import { columnsFromRows } from '../arrow/columns-from-values.ts'
import { encodeRecordBatch } from '../arrow/ipc-writer.ts'
import type { Schema } from '../arrow/schema.ts'
import { encodeFlightData } from '../flight/flight-data.ts'
import type { Row } from './result.ts'

export const DEFAULT_BATCH_ROWS = 8192
/** What gRPC servers take in one message unless they are told otherwise. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** Of a message around its header and body: tags and lengths. */
const FRAMING_BYTES = 16

/** A batch as the message that uploads it. */
export interface EncodedRows {
  readonly rows: number
  readonly message: Uint8Array
}

/** Batches of at most `batchRows` rows, fewer where the source was silent or rows are large. */
export async function* encodedBatches(
  schema: Schema,
  groups: AsyncIterable<readonly Row[] | null>,
  batchRows: number,
): AsyncGenerator<EncodedRows, void, undefined> {
  let pending: Row[] = []
  let first = 0
  for await (const group of groups) {
    if (group === null) {
      // Even an empty batch tells the runtime that the upload is alive.
      yield* encode(schema, pending, first)
      first += pending.length
      pending = []
      continue
    }
    let taken = 0
    while (pending.length + group.length - taken >= batchRows) {
      const end = taken + batchRows - pending.length
      const rows = pending.length === 0 ? group.slice(taken, end) : [...pending, ...group.slice(taken, end)]
      taken = end
      pending = []
      yield* encode(schema, rows, first)
      first += rows.length
    }
    for (let i = taken; i < group.length; i++) pending.push(group[i])
  }
  if (pending.length > 0) yield* encode(schema, pending, first)
}

function* encode(schema: Schema, rows: readonly Row[], first: number): Generator<EncodedRows> {
  const { header, body, bodyLength } = encodeRecordBatch(
    schema,
    rows.length,
    columnsFromRows(schema, rows, first),
  )
  if (header.length + bodyLength + FRAMING_BYTES <= MAX_MESSAGE_BYTES || rows.length <= 1) {
    yield { rows: rows.length, message: encodeFlightData({ header, body }) }
    return
  }
  const middle = rows.length >> 1
  yield* encode(schema, rows.slice(0, middle), first)
  yield* encode(schema, rows.slice(middle), first + middle)
}

/** Throws `RowValidationError` for the first row that does not fit, beyond the first batch, which is next anyway. */
export function checkRows(schema: Schema, rows: readonly Row[], batchRows: number): void {
  for (let first = batchRows; first < rows.length; first += batchRows) {
    columnsFromRows(schema, rows.slice(first, first + batchRows), first)
  }
}
