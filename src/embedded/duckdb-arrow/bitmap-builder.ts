/** Bits collected least significant first, as Arrow packs booleans and validity. */
export class BitmapBuilder {
  private bytes = new Uint8Array(0)
  private bitCount = 0

  get length(): number {
    return this.bitCount
  }

  /** Appends `count` equal bits. */
  fill(bit: boolean, count: number): void {
    this.reserve(count)
    const end = this.bitCount + count
    // Fresh memory is zero already.
    if (bit) {
      let position = this.bitCount
      for (; position < end && position % 8 !== 0; position++)
        this.bytes[position >> 3] |= 1 << (position & 7)
      const wholeBytes = (end - position) >> 3
      if (wholeBytes > 0) this.bytes.fill(0xff, position >> 3, (position >> 3) + wholeBytes)
      position += Math.max(wholeBytes, 0) * 8
      for (; position < end; position++) this.bytes[position >> 3] |= 1 << (position & 7)
    }
    this.bitCount = end
  }

  /** Appends `count` bits of `source`, the first of them at bit `start`. */
  append(source: Uint8Array, start: number, count: number): void {
    this.reserve(count)
    const end = this.bitCount + count
    if (this.bitCount % 8 === 0 && start % 8 === 0) {
      this.bytes.set(source.subarray(start >> 3, (start + count + 7) >> 3), this.bitCount >> 3)
      if (end % 8 !== 0) this.bytes[end >> 3] &= (1 << (end & 7)) - 1
    } else {
      for (let index = 0; index < count; index++) {
        const from = start + index
        const to = this.bitCount + index
        this.bytes[to >> 3] |= ((source[from >> 3] >> (from & 7)) & 1) << (to & 7)
      }
    }
    this.bitCount = end
  }

  /** Appends one bit for each byte of `source` from `start` on: set when the byte is not zero. */
  appendBooleans(source: Uint8Array, start: number, count: number): void {
    this.reserve(count)
    for (let index = 0; index < count; index++) {
      const to = this.bitCount + index
      if (source[start + index] !== 0) this.bytes[to >> 3] |= 1 << (to & 7)
    }
    this.bitCount += count
  }

  /** How many bits are zero. */
  countZeros(): number {
    let ones = 0
    for (let index = 0; index < (this.bitCount + 7) >> 3; index++) ones += ONES[this.bytes[index]]
    return this.bitCount - ones
  }

  /** The bits collected, padded with zeros to a whole byte; the builder starts anew. */
  take(): Uint8Array {
    const bits = this.bytes.subarray(0, (this.bitCount + 7) >> 3)
    this.bytes = new Uint8Array(0)
    this.bitCount = 0
    return bits
  }

  private reserve(count: number): void {
    const needed = (this.bitCount + count + 7) >> 3
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, 64))
    grown.set(this.bytes)
    this.bytes = grown
  }
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})
