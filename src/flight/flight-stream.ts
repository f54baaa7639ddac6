import type { Schema } from '../arrow/schema.ts'
import type { ResultBatch } from '../client/result.ts'
import { AbortError, type SidecarError } from '../errors.ts'
import type { CallOptions, Metadata, Transport } from '../transport/transport.ts'
import { DO_GET } from './calls.ts'
import { bodyOffset } from './flight-data.ts'
import { ResultReader, type StreamSink } from './result-reader.ts'

/** One DoGet as an iterable of batches with backpressure. Single use; leaving the loop cancels the call. */
export class FlightStream implements AsyncIterable<ResultBatch> {
  /** Resolves with the schema when it arrives. Rejects when the stream fails before. */
  readonly schema: Promise<Schema>
  readonly #queue: ResultBatch[] = []
  readonly #reader: ResultReader
  #ended = false
  #error: SidecarError | null = null
  #wake: (() => void) | null = null

  constructor(transport: Transport, request: Uint8Array, options: CallOptions) {
    let resolveSchema!: (schema: Schema) => void
    let rejectSchema!: (error: SidecarError) => void
    this.schema = new Promise((resolve, reject) => {
      resolveSchema = resolve
      rejectSchema = reject
    })
    // Whoever iterates learns of the failure there.
    this.schema.catch(() => {})
    const sink: StreamSink = {
      onSchema: resolveSchema,
      onBatch: (batch: ResultBatch) => {
        this.#queue.push(batch)
        this.#reader.call.pause()
        this.#wakeUp()
      },
      onEnd: (error: SidecarError | null, _headers: Metadata | null) => {
        this.#ended = true
        this.#error = error
        if (error !== null) rejectSchema(error)
        this.#wakeUp()
      },
    }
    this.#reader = new ResultReader(sink, undefined)
    this.#reader.call = transport.start(DO_GET, request, this.#reader, { ...options, alignAt: bodyOffset })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ResultBatch, void, undefined> {
    try {
      for (;;) {
        const batch = this.#queue.shift()
        if (batch !== undefined) {
          yield batch
        } else if (this.#ended) {
          if (this.#error !== null) throw this.#error
          return
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
            this.#reader.call.resume()
          })
        }
      }
    } finally {
      this.cancel()
    }
  }

  /** Ends the stream; no effect once it has ended. */
  cancel(): void {
    if (!this.#ended) this.#reader.call.cancel(new AbortError('The stream was cancelled'))
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }
}
