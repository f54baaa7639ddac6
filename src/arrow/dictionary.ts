import type { ArrayData } from './array-data.ts'
import type { DataType } from './schema.ts'
import type { ValueReader } from './value-reader.ts'

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

  /** Bytes of the messages its values lie in. */
  get byteLength(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.body.bytes.length, 0)
  }

  get chunks(): readonly ArrayData[] {
    return this.#chunks
  }

  append(values: ArrayData): void {
    this.#chunks.push(values)
    this.#ends.push(this.length + values.length)
  }

  /** The value at `index`, which must be below `length`. */
  get(index: number, makeReader: (values: ArrayData) => ValueReader): unknown {
    const known = this.#memo[index]
    if (known !== undefined) return known
    let chunk = 0
    while (index >= this.#ends[chunk]!) chunk++
    this.#readers[chunk] ??= makeReader(this.#chunks[chunk]!)
    const value = this.#readers[chunk]!.get(index - (chunk === 0 ? 0 : this.#ends[chunk - 1]!))
    if (typeof value !== 'object' || value === null) this.#memo[index] = value
    return value
  }
}
