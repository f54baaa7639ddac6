import type { ArrayData } from '../array-data.ts'
import { decimalNumber, formatDecimal } from '../value-format.ts'
import type { ValueReader } from '../value-reader.ts'
import { FixedWidthReader } from './number.ts'

/** Decimals of 32 to 256 bits: two's complement integers, scaled by a power of ten. */
export class DecimalReader extends FixedWidthReader implements ValueReader {
  readonly #words: number
  readonly #scale: number

  constructor(data: ArrayData, bitWidth: number, scale: number) {
    super(data)
    this.#words = bitWidth / 32
    this.#scale = scale
  }

  get(index: number): string | null {
    return this.isNull(index) ? null : formatDecimal(this.#digits(index), this.#scale)
  }

  #digits(index: number): string {
    const { view } = this
    const position = this.first + index * this.#words * 4
    if (this.#words === 1) return String(view.getInt32(position, true))
    const low = view.getInt32(position + 4, true)
    let narrow = true
    for (let i = 2; i < this.#words && narrow; i++)
      narrow = view.getInt32(position + 4 * i, true) === low >> 31
    // Most decimals fit a double, whose text is far cheaper than a bigint's.
    if (narrow) {
      const value = low * 4294967296 + view.getUint32(position, true)
      return Number.isSafeInteger(value) ? String(value) : String(view.getBigInt64(position, true))
    }
    let value = view.getBigInt64(position + 4 * (this.#words - 2), true)
    for (let i = this.#words - 4; i >= 0; i -= 2)
      value = (value << 64n) | view.getBigUint64(position + 4 * i, true)
    return String(value)
  }
}

export class DecimalNumberReader implements ValueReader {
  readonly #text: DecimalReader
  readonly #column: string

  constructor(data: ArrayData, bitWidth: number, scale: number, column: string) {
    this.#text = new DecimalReader(data, bitWidth, scale)
    this.#column = column
  }

  get(index: number): number | null {
    const text = this.#text.get(index)
    return text === null ? null : decimalNumber(text, this.#column)
  }
}
