import { LimitError } from '../errors.ts'
import type { ArrayData } from './array-data.ts'

/** Makes the JavaScript value at an index below the array's length. */
export interface ValueReader {
  get(index: number): unknown
}

/** Checks an array's contents once and makes a reader of it. Made once per type, used for every batch. */
export type ReaderFactory = (data: ArrayData, budget: ExpansionBudget) => ValueReader

/** A list of booleans, in which each bit becomes an element of eight bytes, expands the most by itself. */
const HONEST_EXPANSION = 64

/**
 * Views, dictionaries, runs and dense unions let a few bytes stand for any number of values. What such values
 * take in memory is counted, roughly (`heapBytes`), so that a hostile batch cannot fill it. What plain arrays
 * of fixed width hold is bounded by their own bytes and not counted.
 */
export class ExpansionBudget {
  readonly limit: number
  #left: number

  constructor(limit: number) {
    this.limit = limit
    this.#left = limit
  }

  /** To be called before each batch: what its bytes hold themselves comes on top. */
  reset(batchBytes: number): void {
    this.#left = this.limit + batchBytes * HONEST_EXPANSION
  }

  spend(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0)
      throw new LimitError(
        `Arrow: the values of one batch expand to more than ${this.limit} bytes (maxDecompressedBytes)`,
      )
  }
}
