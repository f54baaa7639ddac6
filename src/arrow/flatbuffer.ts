import { ProtocolError } from '../errors.ts'

/**
 * Reads a FlatBuffer in place: positions are plain numbers, tables and vectors are never turned into
 * objects. Every position is checked against the buffer before it is read, and the work a buffer can cause
 * is bounded: tables may point at each other in any way, so a few hostile bytes could otherwise describe
 * an endless or exponential structure.
 * Wire format: https://flatbuffers.dev/internals/
 */
export class FlatBuffer {
  readonly bytes: Uint8Array
  #work: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#work = 65_536 + bytes.length * 16
  }

  /** Position of the root table. */
  root(): number {
    return this.follow(0)
  }

  /** Position of a field of `size` bytes in a table; 0 when the field is absent and its default applies. */
  field(table: number, index: number, size: number): number {
    const vtable = table - this.int32(table)
    const vtableSize = this.uint16(vtable)
    const slot = 4 + 2 * index
    if (slot + 2 > vtableSize) return 0
    const offset = this.uint16(vtable + slot)
    if (offset === 0) return 0
    this.#check(table + offset, size)
    return table + offset
  }

  /** Position an unsigned 32-bit offset points to. */
  follow(position: number): number {
    const target = position + this.uint32(position)
    this.#check(target, 4)
    return target
  }

  /** The table a field refers to; 0 when absent. */
  table(table: number, index: number): number {
    const position = this.field(table, index, 4)
    if (position === 0) return 0
    this.spend(16)
    return this.follow(position)
  }

  /** Position of a vector's length prefix, its elements checked to lie inside the buffer; 0 when absent. */
  vector(table: number, index: number, elementSize: number): number {
    const position = this.table(table, index)
    if (position !== 0) this.#check(position + 4, this.uint32(position) * elementSize)
    return position
  }

  vectorLength(vector: number): number {
    return vector === 0 ? 0 : this.uint32(vector)
  }

  string(table: number, index: number): string | null {
    const position = this.vector(table, index, 1)
    if (position === 0) return null
    const length = this.uint32(position)
    this.spend(length)
    return decoder.decode(this.bytes.subarray(position + 4, position + 4 + length))
  }

  boolean(table: number, index: number): boolean {
    return this.uint8Field(table, index, 0) !== 0
  }

  uint8Field(table: number, index: number, fallback: number): number {
    const position = this.field(table, index, 1)
    return position === 0 ? fallback : this.bytes[position]!
  }

  int16Field(table: number, index: number, fallback: number): number {
    const position = this.field(table, index, 2)
    return position === 0 ? fallback : (this.uint16(position) << 16) >> 16
  }

  int32Field(table: number, index: number, fallback: number): number {
    const position = this.field(table, index, 4)
    return position === 0 ? fallback : this.int32(position)
  }

  bigint64Field(table: number, index: number): bigint {
    const position = this.field(table, index, 8)
    return position === 0 ? 0n : (BigInt(this.int32(position + 4)) << 32n) | BigInt(this.uint32(position))
  }

  /** A length or an offset: a signed 64-bit integer that must be a safe natural number. */
  sizeField(table: number, index: number): number {
    const position = this.field(table, index, 8)
    return position === 0 ? 0 : this.size(position)
  }

  size(position: number): number {
    const high = this.int32(position + 4)
    if (high < 0 || high > 0x1fffff)
      throw new ProtocolError('Arrow metadata: a length or offset is out of range')
    return high * 4294967296 + this.uint32(position)
  }

  isMinusOne(position: number): boolean {
    return this.int32(position) === -1 && this.int32(position + 4) === -1
  }

  uint16(position: number): number {
    this.#check(position, 2)
    const { bytes } = this
    return bytes[position]! | (bytes[position + 1]! << 8)
  }

  int32(position: number): number {
    this.#check(position, 4)
    const { bytes } = this
    return (
      bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24)
    )
  }

  uint32(position: number): number {
    return this.int32(position) >>> 0
  }

  /** Counts work against the limit this buffer's size allows. */
  spend(units: number): void {
    this.#work -= units
    if (this.#work < 0)
      throw new ProtocolError('Arrow metadata: more structure than its bytes can honestly describe')
  }

  #check(position: number, size: number): void {
    if (position < 0 || position + size > this.bytes.length)
      throw new ProtocolError(`Arrow metadata: an offset points outside its ${this.bytes.length} bytes`)
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
