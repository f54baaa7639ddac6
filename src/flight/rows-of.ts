import type { Schema } from '../arrow/schema.ts'
import type { ResultBatch, Row } from '../client/result.ts'
import type { CollectOptions } from './calls.ts'
import { EndpointsReader } from './endpoints-reader.ts'
import type { FlightInfo } from './messages.generated.ts'
import { asSidecarError } from './query-failure.ts'
import type { FlightSession } from './session.ts'

/** Fetches all of a small result, such as a list of tables, as rows. Rejects with the failed call's error. */
export function rowsOf(session: FlightSession, info: FlightInfo, options: CollectOptions): Promise<Row[]> {
  if (info.endpoint.length === 0) return Promise.resolve([])
  return new Promise((resolve, reject) => {
    const rows: Row[] = []
    const sink = {
      onSchema(_schema: Schema) {},
      onBatch(batch: ResultBatch) {
        try {
          batch.appendRows(rows)
        } catch (error) {
          reader.cancel(asSidecarError(error))
        }
      },
      onEnd(error: Error | null) {
        if (error !== null) reject(error)
        else resolve(rows)
      },
    }
    const reader = new EndpointsReader(info.endpoint, session.locations, sink, {
      metadata: options.metadata ?? session.metadata(),
      deadline: options.deadline,
      signal: options.signal,
    })
    reader.start()
  })
}
