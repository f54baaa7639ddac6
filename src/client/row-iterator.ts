import type { BatchQueue } from './batch-queue.ts'
import type { Row } from './result.ts'
import type { RowConverter } from './typed-rows.ts'

/** Rows of one batch after another. Hands out what is decoded without waiting. */
export class RowIterator<T> implements AsyncIterator<T, undefined> {
  readonly #open: () => BatchQueue
  readonly #convert: RowConverter<T> | null
  readonly #traced: (error: unknown) => unknown
  readonly #throwIfEnded: () => void
  #queue: BatchQueue | null = null
  #rows: T[] = []
  #index = 0
  #read = 0
  #done = false
  #advancing: Promise<unknown> | null = null

  constructor(
    open: () => BatchQueue,
    convert: RowConverter<T> | null,
    traced: (error: unknown) => unknown,
    throwIfEnded: () => void,
  ) {
    this.#open = open
    this.#convert = convert
    this.#traced = traced
    this.#throwIfEnded = throwIfEnded
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#index < this.#rows.length) {
      try {
        this.#throwIfEnded()
      } catch (error) {
        return Promise.reject(this.#failed(error))
      }
      return Promise.resolve({ value: this.#rows[this.#index++], done: false })
    }
    // Asked again before the batch under way has come, a caller gets in line behind the one before.
    if (this.#advancing !== null) return this.#advancing.then(() => this.next())
    const advanced = this.#advance()
    this.#advancing = advanced.then(
      () => {
        this.#advancing = null
      },
      () => {
        this.#advancing = null
      },
    )
    return advanced
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#done = true
    this.#queue?.stop()
    this.#rows = []
    this.#index = 0
    return { value: undefined, done: true }
  }

  async #advance(): Promise<IteratorResult<T, undefined>> {
    if (this.#done) return { value: undefined, done: true }
    try {
      if (this.#queue === null) this.#queue = this.#open()
      else this.#throwIfEnded()
      const batch = await this.#queue.next()
      if (batch === null) return { value: undefined, done: true }
      const rows: Row[] = []
      batch.appendRows(rows)
      this.#rows = this.#convert === null ? (rows as T[]) : this.#convert(rows, this.#read)
      this.#read += rows.length
      this.#index = 1
      return { value: this.#rows[0], done: false }
    } catch (error) {
      throw this.#failed(error)
    }
  }

  #failed(error: unknown): unknown {
    this.#done = true
    this.#queue?.stop()
    this.#rows = []
    this.#index = 0
    return this.#traced(error)
  }
}
