/**
 * Writes one flatbuffer, back to front, as the format wants it: what is referenced is written before
 * what refers to it. Offsets are counted from the end of the buffer, so they stay valid when it grows.
 */
export class FlatbufferWriter {
  #bytes: Uint8Array
  #view: DataView
  #used = 0
  #alignment = 8

  constructor(initialBytes = 512) {
    this.#bytes = new Uint8Array(initialBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** A string. Returns its offset. */
  string(text: string): number {
    const encoded = textEncoder.encode(text)
    // The terminating zero is not counted in the length.
    this.#reserve(4, encoded.length + 1)
    this.#used += 1
    this.#used += encoded.length
    this.#bytes.set(encoded, this.#bytes.length - this.#used)
    return this.#uint32(encoded.length)
  }

  /** A vector of references to tables or strings already written. Returns its offset. */
  offsetVector(offsets: readonly number[]): number {
    this.#reserve(4, offsets.length * 4)
    for (let i = offsets.length - 1; i >= 0; i--) this.#offset(offsets[i])
    return this.#uint32(offsets.length)
  }

  int32Vector(values: readonly number[]): number {
    this.#reserve(4, values.length * 4)
    for (let i = values.length - 1; i >= 0; i--) this.#uint32(values[i])
    return this.#uint32(values.length)
  }

  /**
   * A vector of structs that consist of 64-bit integers only: `longsPerStruct` consecutive values make
   * one struct. Values are non-negative safe integers. Returns its offset.
   */
  longVector(values: readonly number[], longsPerStruct = 1): number {
    this.#reserve(4, values.length * 8)
    this.#reserve(8, values.length * 8)
    for (let i = values.length - 1; i >= 0; i--) this.#long(values[i])
    return this.#uint32(values.length / longsPerStruct)
  }

  /**
   * A table with the given fields, by slot number; null leaves a slot at its default. Fields are laid
   * out largest first, so that no padding is needed between them. Returns its offset.
   */
  table(slots: ReadonlyArray<TableField | null>): number {
    const end = this.#used
    const positions = new Array<number>(slots.length).fill(0)
    for (const size of [8, 4, 2, 1] as const) {
      for (let slot = slots.length - 1; slot >= 0; slot--) {
        const field = slots[slot]
        if (field === null || FIELD_SIZE[field.as] !== size) continue
        this.#reserve(size, 0)
        this.#field(field)
        positions[slot] = this.#used
      }
    }
    this.#reserve(4, 0)
    const table = this.#uint32(0)
    // The vtable goes in front of the table; the table's first word is the distance back to it.
    let count = slots.length
    while (count > 0 && positions[count - 1] === 0) count--
    this.#reserve(2, count * 2 + 4)
    for (let slot = count - 1; slot >= 0; slot--) {
      this.#uint16(positions[slot] === 0 ? 0 : table - positions[slot])
    }
    this.#uint16(table - end)
    const vtable = this.#uint16(count * 2 + 4)
    this.#view.setInt32(this.#bytes.length - table, vtable - table, true)
    return table
  }

  /** The finished buffer, a multiple of eight bytes long; the writer must not be used afterwards. */
  finish(root: number): Uint8Array {
    this.#reserve(this.#alignment, 4)
    this.#offset(root)
    return this.#bytes.subarray(this.#bytes.length - this.#used)
  }

  /** Makes room, padding so that the position is aligned once `upcoming` more bytes are written. */
  #reserve(alignment: number, upcoming: number): void {
    if (alignment > this.#alignment) this.#alignment = alignment
    const padding = -(this.#used + upcoming) & (alignment - 1)
    const needed = this.#used + padding + upcoming + 16
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, needed + alignment))
      grown.set(this.#bytes, grown.length - this.#bytes.length)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#used += padding
  }

  #field(field: TableField): void {
    switch (field.as) {
      case 'int64':
        this.#used += 8
        this.#view.setBigInt64(this.#bytes.length - this.#used, BigInt(field.value), true)
        return
      case 'int32':
        this.#uint32(field.value as number)
        return
      case 'int16':
        this.#uint16(field.value as number)
        return
      case 'int8':
        this.#used += 1
        this.#bytes[this.#bytes.length - this.#used] = field.value as number
        return
      case 'offset':
        this.#offset(field.value as number)
    }
  }

  #long(value: number): void {
    this.#used += 8
    const position = this.#bytes.length - this.#used
    this.#view.setUint32(position, value >>> 0, true)
    this.#view.setUint32(position + 4, Math.floor(value / 0x1_0000_0000), true)
  }

  #uint32(value: number): number {
    this.#used += 4
    this.#view.setUint32(this.#bytes.length - this.#used, value, true)
    return this.#used
  }

  #uint16(value: number): number {
    this.#used += 2
    this.#view.setUint16(this.#bytes.length - this.#used, value, true)
    return this.#used
  }

  /** References count from their own position, forwards. */
  #offset(target: number): void {
    this.#uint32(this.#used + 4 - target)
  }
}

/** One field of a table: its width and its value; `offset` refers to something already written. */
export interface TableField {
  readonly as: keyof typeof FIELD_SIZE
  readonly value: number | bigint
}

const FIELD_SIZE = { int64: 8, int32: 4, offset: 4, int16: 2, int8: 1 } as const

const textEncoder = new TextEncoder()
