import { ProtocolError } from '../../errors.ts'
import type { ArrayData } from '../array-data.ts'

/** A value of up to 12 bytes lies in its view; a longer one in a data buffer the view names. */
const INLINE = 12

/** Where the values of a Utf8View or BinaryView array lie. */
export class Views {
  readonly #view: DataView
  readonly #first: number
  readonly #variadic: readonly number[]

  constructor(data: ArrayData) {
    this.#view = data.body.view
    this.#first = data.first
    this.#variadic = data.variadic
  }

  length(index: number): number {
    return this.#view.getInt32(this.#first + index * 16, true)
  }

  /** Position of the value in the body. */
  position(index: number): number {
    const entry = this.#first + index * 16
    if (this.#view.getInt32(entry, true) <= INLINE) return entry + 4
    return this.#variadic[2 * this.#view.getInt32(entry + 8, true)]! + this.#view.getInt32(entry + 12, true)
  }
}

/** The views of an array, each checked to lie inside its data buffer. */
export function checkedViews(data: ArrayData): Views {
  const { view } = data.body
  for (let i = 0; i < data.length; i++) {
    const entry = data.first + i * 16
    const length = view.getInt32(entry, true)
    if (length >= 0 && length <= INLINE) continue
    if (data.isNull(i)) continue
    const buffer = view.getInt32(entry + 8, true)
    const offset = view.getInt32(entry + 12, true)
    const size = data.variadic[2 * buffer + 1]
    if (length < 0 || buffer < 0 || size === undefined || offset < 0 || offset + length > size)
      throw new ProtocolError('Arrow: a view points outside its data buffers')
  }
  return new Views(data)
}
