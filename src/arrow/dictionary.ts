import type { ArrayData } from './array-data.ts'
import type { DataType } from './schema.ts'
import type { ValueReader } from './value-reader.ts'

const CHUNK_BYTES = 512

/**
 * The values of one dictionary id as received so far. A replacement makes a new `Dictionary`; a delta
 * appends to the one there is, which leaves earlier batches right since they know how many values it had.
 */
export class Dictionary {
  readonly type: DataType
  readonly #chunks: ArrayData[] = []
  /** `#ends[k]` is the number of values in chunks 0 to k. */
  readonly #ends: number[] = []
  readonly #readers: ValueReader[] = []
  /** Values already made. Only what cannot be changed is shared between rows. */
  readonly #memo: unknown[] = []

  constructor(type: DataType) {
    this.type = type
  }

  get length(): number {
    return this.#ends.at(-1) ?? 0
  }

  /** Bytes that keeping it takes: those of the messages its values lie in, and some for each of them. */
  byteLength = 0

  get chunks(): readonly ArrayData[] {
    return this.#chunks
  }

  append(values: ArrayData): void {
    this.#chunks.push(values)
    this.#ends.push(this.length + values.length)
    this.byteLength += values.body.bytes.length + CHUNK_BYTES
  }

  /** The value at `index`, which must be below `length`. */
  get(index: number, makeReader: (values: ArrayData) => ValueReader): unknown {
    const known = this.#memo[index]
    if (known !== undefined) return known
    const chunk = this.#chunkOf(index)
    this.#readers[chunk] ??= makeReader(this.#chunks[chunk]!)
    const value = this.#readers[chunk]!.get(index - (chunk === 0 ? 0 : this.#ends[chunk - 1]!))
    if (typeof value !== 'object' || value === null) this.#memo[index] = value
    return value
  }

  /** A stream may send any number of deltas. */
  #chunkOf(index: number): number {
    let low = 0
    let high = this.#ends.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (index < this.#ends[middle]!) high = middle
      else low = middle + 1
    }
    return low
  }
}
