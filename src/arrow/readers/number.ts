import { type ArrayData, bigint64s, int64Number } from '../array-data.ts'
import { int64Value, safeInteger } from '../value-format.ts'
import type { ValueReader } from '../value-reader.ts'
import type { ValueOptions } from '../values-options.ts'

/** Shared by readers of values of one fixed width. */
export abstract class FixedWidthReader {
  protected readonly data: ArrayData
  protected readonly view: DataView
  protected readonly first: number
  protected readonly nullable: boolean

  constructor(data: ArrayData) {
    this.data = data
    this.view = data.body.view
    this.first = data.first
    this.nullable = data.validity >= 0
  }

  protected isNull(index: number): boolean {
    return this.nullable && this.data.isNull(index)
  }
}

export class NullReader implements ValueReader {
  get(_index: number): null {
    return null
  }
}

export class BoolReader extends FixedWidthReader implements ValueReader {
  get(index: number): boolean | null {
    if (this.isNull(index)) return null
    return (this.view.getUint8(this.first + (index >> 3)) & (1 << (index & 7))) !== 0
  }
}

export class Int8Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getInt8(this.first + index)
  }
}

export class Uint8Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getUint8(this.first + index)
  }
}

export class Int16Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getInt16(this.first + index * 2, true)
  }
}

export class Uint16Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getUint16(this.first + index * 2, true)
  }
}

export class Int32Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getInt32(this.first + index * 4, true)
  }
}

export class Uint32Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getUint32(this.first + index * 4, true)
  }
}

export class Float16Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : halfToNumber(this.view.getUint16(this.first + index * 2, true))
  }
}

export class Float32Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getFloat32(this.first + index * 4, true)
  }
}

export class Float64Reader extends FixedWidthReader implements ValueReader {
  get(index: number): number | null {
    return this.isNull(index) ? null : this.view.getFloat64(this.first + index * 8, true)
  }
}

/** Int64 and Duration. A typed array, since reading a bigint through a DataView costs twice the time. */
export class BigInt64Reader extends FixedWidthReader implements ValueReader {
  protected readonly values: BigInt64Array

  constructor(data: ArrayData) {
    super(data)
    this.values = bigint64s(data.body, data.first, data.length)
  }

  get(index: number): bigint | null {
    return this.isNull(index) ? null : this.values[index]!
  }
}

export class BigUint64Reader extends FixedWidthReader implements ValueReader {
  get(index: number): bigint | null {
    return this.isNull(index) ? null : this.view.getBigUint64(this.first + index * 8, true)
  }
}

/** Int64 as numbers. */
export class SafeInt64Reader extends FixedWidthReader implements ValueReader {
  readonly #column: string

  constructor(data: ArrayData, column: string) {
    super(data)
    this.#column = column
  }

  get(index: number): number | null {
    if (this.isNull(index)) return null
    const position = this.first + index * 8
    const value = int64Number(this.view, position)
    return safeInteger(value, () => this.view.getBigInt64(position, true), this.#column)
  }
}

/** UInt64 as numbers, both as text: the less common choices. */
export class ConvertedInt64Reader extends FixedWidthReader implements ValueReader {
  readonly #signed: boolean
  readonly #choice: ValueOptions['int64']
  readonly #column: string

  constructor(data: ArrayData, signed: boolean, choice: ValueOptions['int64'], column: string) {
    super(data)
    this.#signed = signed
    this.#choice = choice
    this.#column = column
  }

  get(index: number): bigint | number | string | null {
    if (this.isNull(index)) return null
    const position = this.first + index * 8
    const value = this.#signed
      ? this.view.getBigInt64(position, true)
      : this.view.getBigUint64(position, true)
    return int64Value(value, this.#choice, this.#column)
  }
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
