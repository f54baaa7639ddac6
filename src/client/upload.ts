import { encodeSchema } from '../arrow/ipc-writer.ts'
import type { Schema } from '../arrow/schema.ts'
import { encodeFlightData } from '../flight/flight-data.ts'
import { DEFAULT_BATCH_ROWS, type EncodedRows, encodedBatches } from './encoded-rows.ts'
import type { WriteOptions } from './write.ts'
import { rowGroups, type WriteSource } from './write-source.ts'
import type { Progress, WriteTarget } from './write-target.ts'

/** The runtime gives up on an upload that is silent for 120 s. */
const DEFAULT_IDLE_MS = 30_000

/** One upload: what was sent, and what is known of its fate. */
export class Upload implements Progress {
  /** Rows of each batch sent. */
  readonly sent: number[] = []
  /** What the server answered, as it came. */
  readonly answers: Uint8Array[] = []
  started = false
  readonly #target: WriteTarget
  readonly #schema: Schema
  readonly #batches: AsyncGenerator<EncodedRows, void, undefined>
  #first: EncodedRows | null = null
  #exhausted = false

  constructor(
    target: WriteTarget,
    schema: Schema,
    source: WriteSource,
    options: WriteOptions,
    stop: AbortSignal,
  ) {
    this.#target = target
    this.#schema = schema
    const { batchRows = DEFAULT_BATCH_ROWS, idleMs = DEFAULT_IDLE_MS } = options
    const given = options.signal === undefined ? stop : AbortSignal.any([stop, options.signal])
    this.#batches = encodedBatches(schema, rowGroups(source, idleMs, given), batchRows)
  }

  get rows(): number {
    return sum(this.sent)
  }

  get acknowledgedRows(): number {
    return sum(this.sent.slice(0, this.#target.confirmedBatches(this)))
  }

  /** Why an upload that the server ended without an error is not done; null when it is. */
  get missing(): string | null {
    if (!this.#exhausted) return 'the runtime ended the upload before all rows were sent'
    return this.#target.unconfirmed(this)
  }

  /** Encodes the first batch; false when there is no row at all. */
  async prepare(): Promise<boolean> {
    const { value, done } = await this.#batches.next()
    this.#first = done === true ? null : value
    return this.#first !== null
  }

  async *messages(): AsyncGenerator<Uint8Array, void, undefined> {
    this.started = true
    yield encodeFlightData({ descriptor: this.#target.descriptor, header: encodeSchema(this.#schema) })
    if (this.#first !== null) yield this.#count(this.#first)
    this.#first = null
    for await (const batch of this.#batches) yield this.#count(batch)
    this.#exhausted = true
  }

  #count(batch: EncodedRows): Uint8Array {
    this.sent.push(batch.rows)
    return batch.message
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
