import {
  BackwardBits,
  brokenZstd,
  type FseTable,
  fseTable,
  type HuffmanTable,
  readFseTable,
  readHuffmanTable,
  singleSymbolTable,
} from './zstd-entropy.ts'

/** The most a block may hold, before and after decompression. */
export const MAX_BLOCK_BYTES = 1 << 17

/** One of the three numbers a sequence consists of: how its codes are sent, and what they stand for. */
interface Part {
  readonly maxLog: number
  readonly usual: FseTable
  /** Beyond its code a number has this many bits of its own, which are added to a base. */
  readonly bits: readonly number[]
  readonly bases: readonly number[]
}

function part(maxLog: number, counts: readonly number[], log: number, base: number, bits: number[]): Part {
  const bases: number[] = []
  let next = base
  for (const width of bits) {
    bases.push(next)
    next += 2 ** width
  }
  return { maxLog, usual: fseTable(counts, log), bits, bases }
}

const times = (count: number, value: number): number[] => new Array<number>(count).fill(value)
const rising = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

// The usual distributions and the codes: RFC 8878, sections 3.1.1.3.2.1.1 and 3.1.1.3.2.2.
const LITERALS = part(
  9,
  [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, ...times(5, 1), ...times(4, -1)],
  6,
  0,
  [...times(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, ...rising(6, 16)],
)
const OFFSETS = part(8, [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)], 5, 1, rising(0, 31))
const MATCHES = part(9, [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)], 6, 3, [
  ...times(32, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5],
  ...rising(7, 16),
])

/** Where literals are put that do not lie in the block as they are. */
const scratch = new Uint8Array(MAX_BLOCK_BYTES)

/** Decompresses the compressed blocks of one frame, which share tables and the last offsets. RFC 8878, 3.1.1.3. */
export class ZstdBlocks {
  readonly #source: Uint8Array
  readonly #target: Uint8Array
  /** Where the frame's output begins: no match may reach before it. */
  readonly #first: number
  #huffman: HuffmanTable | null = null
  #literalTable: FseTable | null = null
  #offsetTable: FseTable | null = null
  #matchTable: FseTable | null = null
  readonly #recent = [1, 4, 8]
  /** The literals of the current block. */
  #literals: Uint8Array = scratch
  #literal = 0
  #literalEnd = 0

  constructor(source: Uint8Array, target: Uint8Array, first: number) {
    this.#source = source
    this.#target = target
    this.#first = first
  }

  /** Writes the block that lies from `start` to `end` at `written`; returns where its output ends. */
  decompress(start: number, end: number, written: number): number {
    const position = this.#readLiterals(start, end)
    const output = this.#runSequences(
      position,
      end,
      written,
      Math.min(this.#target.length, written + MAX_BLOCK_BYTES),
    )
    return this.#copyLiterals(this.#literalEnd - this.#literal, output)
  }

  /** Returns the position after the literals. */
  #readLiterals(start: number, end: number): number {
    if (start >= end) throw brokenZstd('a block ends early')
    const source = this.#source
    const type = source[start]! & 3
    const format = (source[start]! >> 2) & 3
    const low = source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16)
    if (type < 2) {
      const header = format === 3 ? 3 : format === 1 ? 2 : 1
      const size = format === 3 ? low >> 4 : format === 1 ? (low & 0xffff) >> 4 : (low & 0xff) >> 3
      const after = start + header + (type === 0 ? size : 1)
      if (after > end || size > MAX_BLOCK_BYTES) throw brokenZstd('the literals of a block are out of range')
      this.#literals = type === 0 ? source : scratch.fill(source[start + header]!, 0, size)
      this.#literal = type === 0 ? start + header : 0
      this.#literalEnd = this.#literal + size
      return after
    }
    const width = format < 2 ? 10 : format === 2 ? 14 : 18
    const header = format < 2 ? 3 : format + 2
    const sizes = low + (source[start + 3]! || 0) * 2 ** 24 + (source[start + 4]! || 0) * 2 ** 32
    const size = Math.floor(sizes / 16) % 2 ** width
    const begin = start + header
    const after = begin + (Math.floor(sizes / 2 ** (4 + width)) % 2 ** width)
    if (begin > end || after > end || size > MAX_BLOCK_BYTES)
      throw brokenZstd('the literals of a block are out of range')
    this.#literals = scratch
    this.#literal = 0
    this.#literalEnd = size
    this.#decodeLiterals(type === 2, format === 0 ? 1 : 4, begin, after)
    return after
  }

  #decodeLiterals(hasTable: boolean, streams: number, start: number, end: number): void {
    const source = this.#source
    let position = start
    if (hasTable) {
      const { table, end: tableEnd } = readHuffmanTable(source, start, end)
      this.#huffman = table
      position = tableEnd
    }
    const table = this.#huffman
    if (table === null) throw brokenZstd('a block wants a Huffman table that never came')
    const size = this.#literalEnd
    if (streams === 1) {
      decodeHuffman(table, new BackwardBits(source, position, end), 0, size)
      return
    }
    if (position + 6 > end) throw brokenZstd('a block ends early')
    const each = (size + 3) >> 2
    let begin = position + 6
    for (let i = 0; i < 4; i++) {
      const length = source[position + 2 * i]! | (source[position + 2 * i + 1]! << 8)
      const next = i === 3 ? end : begin + length
      if (next > end || each * i > size) throw brokenZstd('the literals of a block are out of range')
      decodeHuffman(
        table,
        new BackwardBits(source, begin, next),
        each * i,
        i === 3 ? size : Math.min(size, each * (i + 1)),
      )
      begin = next
    }
  }

  #runSequences(start: number, end: number, written: number, limit: number): number {
    const source = this.#source
    if (start >= end) throw brokenZstd('a block ends early')
    let position = start + 1
    let count = source[start]!
    if (count === 255) {
      count = source[position]! + source[position + 1]! * 256 + 0x7f00
      position += 2
    } else if (count > 127) {
      count = (count - 128) * 256 + source[position]!
      position++
    }
    if (count === 0) {
      if (position !== end) throw brokenZstd('a block is longer than what it says')
      return written
    }
    if (position >= end) throw brokenZstd('a block ends early')
    const modes = source[position++]!
    if ((modes & 3) !== 0) throw brokenZstd('a block uses a reserved mode')
    const tables = new TableReader(source, position, end)
    const literals = tables.read(modes >> 6, LITERALS, this.#literalTable)
    const offsets = tables.read((modes >> 4) & 3, OFFSETS, this.#offsetTable)
    const matches = tables.read((modes >> 2) & 3, MATCHES, this.#matchTable)
    this.#literalTable = literals
    this.#offsetTable = offsets
    this.#matchTable = matches
    const bits = new BackwardBits(source, tables.position, end)
    let literalState = bits.read(literals.log)
    let offsetState = bits.read(offsets.log)
    let matchState = bits.read(matches.log)
    let output = written
    for (let i = 0; i < count; i++) {
      const offsetBits = offsets.symbols[offsetState]!
      const high = offsetBits > 16 ? bits.read(offsetBits - 16) * 65_536 : 0
      const offsetValue = OFFSETS.bases[offsetBits]! + high + bits.read(Math.min(offsetBits, 16))
      const matchCode = matches.symbols[matchState]!
      const matchLength = MATCHES.bases[matchCode]! + bits.read(MATCHES.bits[matchCode]!)
      const literalCode = literals.symbols[literalState]!
      const literalLength = LITERALS.bases[literalCode]! + bits.read(LITERALS.bits[literalCode]!)
      if (i + 1 < count) {
        literalState = literals.bases[literalState]! + bits.read(literals.bits[literalState]!)
        matchState = matches.bases[matchState]! + bits.read(matches.bits[matchState]!)
        offsetState = offsets.bases[offsetState]! + bits.read(offsets.bits[offsetState]!)
      }
      if (bits.left < 0) throw brokenZstd('a block ends early')
      if (output + literalLength + matchLength > limit) throw brokenZstd('more data than announced')
      const offset = this.#offset(offsetValue, literalLength === 0)
      output = this.#copyLiterals(literalLength, output)
      if (offset > output - this.#first) throw brokenZstd('a match reaches before the data')
      copyMatch(this.#target, output, offset, matchLength)
      output += matchLength
    }
    if (bits.left !== 0) throw brokenZstd('a block is longer than what it says')
    return output
  }

  /** An offset, or one of the last three: RFC 8878, section 3.1.1.5. */
  #offset(value: number, noLiterals: boolean): number {
    const recent = this.#recent
    if (value > 3) {
      recent[2] = recent[1]!
      recent[1] = recent[0]!
      recent[0] = value - 3
      return value - 3
    }
    const which = value - (noLiterals ? 0 : 1)
    if (which === 0) return recent[0]!
    const offset = which === 3 ? recent[0]! - 1 : recent[which]!
    if (offset === 0) throw brokenZstd('a match repeats itself')
    if (which > 1) recent[2] = recent[1]!
    recent[1] = recent[0]!
    recent[0] = offset
    return offset
  }

  #copyLiterals(length: number, output: number): number {
    const from = this.#literal
    const to = from + length
    if (to > this.#literalEnd) throw brokenZstd('a block has fewer literals than it uses')
    const target = this.#target
    if (output + length > target.length) throw brokenZstd('more data than announced')
    const literals = this.#literals
    if (length > 32) target.set(literals.subarray(from, to), output)
    else for (let i = 0; i < length; i++) target[output + i] = literals[from + i]!
    this.#literal = to
    return output + length
  }
}

/** Reads the tables of a block's sequences, which follow each other. */
class TableReader {
  readonly #source: Uint8Array
  readonly #end: number
  position: number

  constructor(source: Uint8Array, position: number, end: number) {
    this.#source = source
    this.position = position
    this.#end = end
  }

  read(mode: number, { usual, maxLog, bits }: Part, last: FseTable | null): FseTable {
    switch (mode) {
      case 0:
        return usual
      case 1: {
        if (this.position >= this.#end) throw brokenZstd('a block ends early')
        const symbol = this.#source[this.position++]!
        if (symbol >= bits.length) throw brokenZstd('a code does not exist')
        return singleSymbolTable(symbol)
      }
      case 2: {
        const { table, end } = readFseTable(this.#source, this.position, this.#end, maxLog, bits.length - 1)
        this.position = end
        return table
      }
      default:
        if (last === null) throw brokenZstd('a block wants a table that never came')
        return last
    }
  }
}

function decodeHuffman(table: HuffmanTable, bits: BackwardBits, start: number, end: number): void {
  const { log, symbols, bits: lengths } = table
  for (let i = start; i < end; i++) {
    const entry = bits.peek(log)
    scratch[i] = symbols[entry]!
    bits.left -= lengths[entry]!
  }
  if (bits.left !== 0) throw brokenZstd('the literals of a block do not end with their bits')
}

function copyMatch(target: Uint8Array, output: number, offset: number, length: number): void {
  const from = output - offset
  if (length > 32 && offset >= length) target.copyWithin(output, from, from + length)
  else for (let i = 0; i < length; i++) target[output + i] = target[from + i]!
}
