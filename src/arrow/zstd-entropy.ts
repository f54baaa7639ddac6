import { ProtocolError } from '../errors.ts'

/*
 * The two entropy codes of ZSTD and the bitstreams they are read from: RFC 8878, section 4. Everything a frame
 * says of itself is checked before it is used, so that reading ends with the bytes there are.
 */

export function brokenZstd(what: string): ProtocolError {
  return new ProtocolError(`ZSTD: ${what}`)
}

/**
 * A bitstream that is read backwards: from the highest set bit of its last byte, which only marks the end,
 * to its first byte.
 */
export class BackwardBits {
  readonly #bytes: Uint8Array
  readonly #start: number
  /** Bits not read yet; below zero once more was asked for than there are. */
  left: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    const last = end > start ? bytes[end - 1]! : 0
    if (last === 0) throw brokenZstd('a bitstream lacks its end mark')
    this.#bytes = bytes
    this.#start = start
    this.left = (end - start) * 8 - 1 - (Math.clz32(last) - 24)
  }

  /** The next `count` bits, at most 24. Those beyond the stream's first byte are zero. */
  read(count: number): number {
    this.left -= count
    return this.#at(this.left) & ((1 << count) - 1)
  }

  /** The next `count` bits, without taking them. */
  peek(count: number): number {
    return this.#at(this.left - count) & ((1 << count) - 1)
  }

  /** At least 24 bits from bit `position` of the stream on. */
  #at(position: number): number {
    if (position < 0) return position > -24 ? this.#at(0) << -position : 0
    const bytes = this.#bytes
    const at = this.#start + (position >> 3)
    return (
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>>
      (position & 7)
    )
  }
}

/** What each state of a finite state entropy code stands for, and how the next one is found. */
export interface FseTable {
  /** A state is read as this many bits. */
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** The table of one symbol that always comes. */
export function singleSymbolTable(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) }
}

/** @param counts how many of the states each symbol has; -1 for one that is rarer than a state */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbols = new Uint8Array(size)
  const next = counts.map((count) => Math.abs(count))
  let high = size - 1
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[high--] = symbol
  })
  const step = (size >> 1) + (size >> 3) + 3
  let position = 0
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[position] = symbol
      do position = (position + step) & (size - 1)
      while (position > high)
    }
  })
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const count = next[symbols[state]!]!++
    bits[state] = log - (31 - Math.clz32(count))
    bases[state] = (count << bits[state]!) - size
  }
  return { log, symbols, bits, bases }
}

/** Reads a table's description: RFC 8878, section 4.1.1. Returns the table and the position after it. */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  let position = start * 8
  const read = (count: number): number => {
    const at = position >> 3
    if (at >= end) throw brokenZstd('a table ends early')
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    return (word >> (position & 7)) & ((1 << count) - 1)
  }
  const log = read(4) + 5
  position += 4
  if (log > maxLog) throw brokenZstd('a table is too large')
  const counts: number[] = []
  let left = 1 << log
  while (left > 0) {
    if (counts.length > maxSymbol) throw brokenZstd('a table has too many symbols')
    // Values up to `left + 1` (0 stands for -1): the lower ones take a bit less than the others.
    const width = 32 - Math.clz32(left + 1)
    const short = (1 << width) - 1 - (left + 1)
    let value = read(width) & ((1 << (width - 1)) - 1)
    if (value < short) {
      position += width - 1
    } else {
      value = read(width)
      if (value >= 1 << (width - 1)) value -= short
      position += width
    }
    counts.push(value - 1)
    left -= Math.abs(value - 1)
    if (value !== 1) continue
    for (let zeros = 3; zeros === 3; ) {
      zeros = read(2)
      position += 2
      for (let i = 0; i < zeros; i++) counts.push(0)
      if (counts.length > maxSymbol + 1) throw brokenZstd('a table has too many symbols')
    }
  }
  const after = (position + 7) >> 3
  if (left < 0 || after > end) throw brokenZstd('a table does not add up')
  return { table: fseTable(counts, log), end: after }
}

/** A prefix code of bytes: what the next `log` bits of a stream begin with, and its length. */
export interface HuffmanTable {
  readonly log: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

const MAX_HUFFMAN_BITS = 11

/** Reads a Huffman tree description: RFC 8878, section 4.2.1. Returns the table and the position after it. */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { table: HuffmanTable; end: number } {
  if (start >= end) throw brokenZstd('a Huffman table ends early')
  const header = bytes[start]!
  const length = header < 128 ? header : (header - 126) >> 1
  const after = start + 1 + length
  if (after > end) throw brokenZstd('a Huffman table ends early')
  const weights =
    header < 128
      ? encodedWeights(bytes, start + 1, after)
      : Array.from(
          { length: header - 127 },
          (_, i) => (bytes[start + 1 + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15,
        )
  return { table: huffmanTable(weights), end: after }
}

/** Two states take turns until the bits are used up. */
function encodedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const { table, end: tableEnd } = readFseTable(bytes, start, end, 6, MAX_HUFFMAN_BITS)
  const bits = new BackwardBits(bytes, tableEnd, end)
  const weights: number[] = []
  let state = bits.read(table.log)
  let other = bits.read(table.log)
  while (bits.left >= 0) {
    if (weights.length >= 254) throw brokenZstd('a Huffman table has too many symbols')
    weights.push(table.symbols[state]!)
    const next = table.bases[state]! + bits.read(table.bits[state]!)
    state = other
    other = next
  }
  weights.push(table.symbols[state]!)
  return weights
}

/** @param weights of all symbols but the last, whose weight is what the others leave */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) if (weight > 0) sum += 2 ** (weight - 1)
  const log = 32 - Math.clz32(sum)
  const rest = (1 << log) - sum
  if (sum === 0 || log > MAX_HUFFMAN_BITS || (rest & (rest - 1)) !== 0)
    throw brokenZstd('a Huffman table does not add up')
  weights.push(32 - Math.clz32(rest))
  const symbols = new Uint8Array(1 << log)
  const bits = new Uint8Array(1 << log)
  let position = 0
  for (let weight = 1; weight <= log; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return
      const next = position + (1 << (weight - 1))
      symbols.fill(symbol, position, next)
      bits.fill(log + 1 - weight, position, next)
      position = next
    })
  }
  return { log, symbols, bits }
}
