import { type SidecarError, TimeoutError } from '../errors.ts'
import { Consumer, notWanted } from './consumer.ts'
import type { ResultBatch } from './result.ts'

/** Bytes kept ahead of a slow reader before the source is asked to pause: a pause for each batch would stall a fast one. */
const AHEAD_BYTES = 8 * 1024 * 1024
/** Batches kept ahead at most, however small they are. */
const AHEAD_BATCHES = 64
/** What a batch counts for that does not know its size: two of them are enough. */
const UNKNOWN_BYTES = AHEAD_BYTES / 2

/**
 * Hands a result over batch by batch, at the reader's pace: once a batch lies ready for a reader that
 * does not come, the source is paused, and with it the runtime. One reader, one call at a time.
 */
export class BatchQueue extends Consumer {
  readonly #waitMs: number
  #batches: ResultBatch[] = []
  #bytes = 0
  #ended = false
  #error: unknown = null
  #paused = false
  #stopped = false
  #wake: (() => void) | undefined

  /** @param waitMs longest wait for the next batch; Infinity for none */
  constructor(waitMs: number) {
    super()
    this.#waitMs = waitMs
  }

  /** The next batch, or null after the last. Rejects with the error that ended the result, once the batches before it are read. */
  async next(): Promise<ResultBatch | null> {
    if (this.#batches.length === 0 && !this.#ended && !this.#stopped) await this.#arrival()
    const batch = this.#batches.shift()
    if (batch !== undefined) {
      this.#bytes -= batch.byteLength ?? UNKNOWN_BYTES
      if (this.#paused && this.#bytes <= AHEAD_BYTES / 2 && this.#batches.length <= AHEAD_BATCHES / 2) {
        this.#paused = false
        this.execution?.resume()
      }
      return batch
    }
    if (this.#error === null || this.#stopped) return null
    const error = this.#error
    this.#error = null
    throw error
  }

  /** No more is wanted: forgets what lies ready and cancels the rest. */
  stop(reason: SidecarError = notWanted()): void {
    this.#stopped = true
    this.#batches = []
    if (!this.#ended) this.execution?.cancel(reason)
  }

  protected override take(batch: ResultBatch): void {
    if (batch.rowCount === 0 || this.#stopped) return
    this.#batches.push(batch)
    this.#bytes += batch.byteLength ?? UNKNOWN_BYTES
    const full = this.#bytes >= AHEAD_BYTES || this.#batches.length >= AHEAD_BATCHES
    if (full && !this.#paused) {
      this.#paused = true
      this.execution?.pause()
    }
    this.#wake?.()
  }

  protected override end(error: SidecarError | null): void {
    this.#ended = true
    this.#error = error
    // An abort is an answer to the reader, not the end of what it still wants to read.
    if (error?.code === 'ABORTED') this.#batches = []
    this.#wake?.()
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      this.#wake = () => {
        this.#wake = undefined
        clearTimeout(timer)
        resolve()
      }
      if (this.#waitMs === Infinity) return
      timer = setTimeout(() => {
        this.execution?.cancel(
          new TimeoutError(`No further batch within ${this.#waitMs} ms (timeoutMs)`, this.#waitMs),
        )
      }, this.#waitMs)
    })
  }
}
