import type { ColumnBatch, EncodedMessage } from '../../arrow/ipc-writer.ts'
import { encodeDictionaryBatches, encodeRecordBatch, encodeSchema } from '../../arrow/ipc-writer.ts'
import type { Schema } from '../../arrow/schema.ts'
import { encodeFlightData } from '../../flight/flight-data.ts'

/**
 * A result as FlightData messages: the schema at once, before the first batch is computed, then for each
 * batch one message. Dictionaries come once, before the first batch: a DuckDB ENUM's never change.
 */
export async function* flightDataOf(
  schema: Schema,
  batches: AsyncIterable<ColumnBatch> | Iterable<ColumnBatch>,
): AsyncGenerator<Uint8Array> {
  yield encodeFlightData({ header: encodeSchema(schema) })
  let dictionariesSent = false
  for await (const { length, columns } of batches) {
    if (!dictionariesSent) {
      for (const dictionary of encodeDictionaryBatches(schema, columns)) yield flightData(dictionary)
      dictionariesSent = true
    }
    yield flightData(encodeRecordBatch(schema, length, columns))
  }
}

function flightData({ header, body }: EncodedMessage): Uint8Array {
  return encodeFlightData({ header, body })
}
