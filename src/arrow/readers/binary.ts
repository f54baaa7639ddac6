import { type ArrayData, checkedOffsets } from '../array-data.ts'
import { BINARY_BYTES } from '../heap-bytes.ts'
import type { ExpansionBudget, ValueReader } from '../value-reader.ts'
import { checkedViews, type Views } from './views.ts'

/*
 * Values are copies: a view of the body would keep the whole message alive as long as one value is held,
 * and would let one row's bytes be changed through another's.
 */

/** Binary and LargeBinary. */
export class BinaryReader implements ValueReader {
  readonly #data: ArrayData
  readonly #offsets: Int32Array | Float64Array
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, budget: ExpansionBudget) {
    this.#data = data
    this.#offsets = checkedOffsets(data, data.type.kind === 'largeBinary', data.secondLength)
    this.#budget = budget
  }

  get(index: number): Uint8Array | null {
    if (this.#data.isNull(index)) return null
    const start = this.#offsets[index]!
    return copyBytes(this.#data, this.#data.second + start, this.#offsets[index + 1]! - start, this.#budget)
  }
}

/** BinaryView. */
export class BinaryViewReader implements ValueReader {
  readonly #data: ArrayData
  readonly #views: Views
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, budget: ExpansionBudget) {
    this.#data = data
    this.#views = checkedViews(data)
    this.#budget = budget
  }

  get(index: number): Uint8Array | null {
    if (this.#data.isNull(index)) return null
    return copyBytes(this.#data, this.#views.position(index), this.#views.length(index), this.#budget)
  }
}

export class FixedSizeBinaryReader implements ValueReader {
  readonly #data: ArrayData
  readonly #width: number
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, width: number, budget: ExpansionBudget) {
    this.#data = data
    this.#width = width
    this.#budget = budget
  }

  get(index: number): Uint8Array | null {
    if (this.#data.isNull(index)) return null
    return copyBytes(this.#data, this.#data.first + index * this.#width, this.#width, this.#budget)
  }
}

function copyBytes(data: ArrayData, start: number, length: number, budget: ExpansionBudget): Uint8Array {
  budget.spend(BINARY_BYTES + length)
  // Not slice: it would make a Buffer of a Buffer's bytes, and what the transport hands over must not show.
  return new Uint8Array(data.body.bytes.subarray(start, start + length))
}
