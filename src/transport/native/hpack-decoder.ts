import { STATIC_COUNT, STATIC_FIELDS } from './hpack-static-table.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'
import { decodeHuffman } from './huffman.ts'

/** What RFC 7541, section 4.1, adds to a field's name and value when it is counted. */
export const FIELD_OVERHEAD = 32
const COLON = 0x3a
/** Every entry counts at least 32 bytes, so a table of the largest size holds no more entries than this. */
const entryLimit = (tableBytes: number) => Math.max(1, Math.ceil(tableBytes / FIELD_OVERHEAD))

/** A block decoded before, which means the same for as long as the table is the same. */
interface KnownBlock {
  readonly bytes: Buffer
  readonly tableVersion: number
  readonly fields: readonly string[]
}

/** Of one server nearly all responses begin alike and end alike: one block each, and some that failed. */
const KNOWN_BLOCKS = 4
const MAX_KNOWN_BYTES = 256

/**
 * Decoder of HPACK header blocks (RFC 7541) with its dynamic table, one per connection. Pure: bytes in,
 * strings out. Throws `ConnectionViolation` (COMPRESSION_ERROR), after which the connection is lost, since
 * the table can no longer be right.
 */
export class HpackDecoder {
  /** The fields of the last block came to more than the limit and were dropped; the table is still right. */
  overflowed = false
  /** Why the last block is malformed as a response (RFC 9113, sections 8.2.1 and 8.3), or undefined. The table is still right. */
  malformed: string | undefined

  readonly #maxListBytes: number
  readonly #maxTableBytes: number
  #tableLimit: number
  #tableBytes = 0
  // A ring: the newest entry at #newest, older ones behind it.
  readonly #names: string[]
  readonly #values: string[]
  #newest = 0
  #count = 0
  /** Changes whenever what an index stands for may have changed. */
  #tableVersion = 0
  readonly #knownBlocks: KnownBlock[] = []
  #oldestKnown = 0
  #scratch = Buffer.allocUnsafe(512)
  #position = 0

  constructor(maxListBytes: number, maxTableBytes = 4096) {
    this.#maxListBytes = maxListBytes
    this.#maxTableBytes = maxTableBytes
    this.#tableLimit = maxTableBytes
    const entries = entryLimit(maxTableBytes)
    this.#names = new Array<string>(entries).fill('')
    this.#values = new Array<string>(entries).fill('')
  }

  /** Bytes the dynamic table counts, overhead included. */
  get tableBytes(): number {
    return this.#tableBytes
  }

  /**
   * Decodes one whole block, `block[start, end)`, to names and values in turn. The same bytes give the same
   * array again where they mean the same.
   */
  decode(block: Buffer, start: number, end: number): readonly string[] {
    this.overflowed = false
    this.malformed = undefined
    const known = this.#knownFields(block, start, end)
    if (known !== undefined) return known
    const versionBefore = this.#tableVersion
    const fields = this.#decode(block, start, end)
    if (this.#tableVersion === versionBefore && !this.overflowed && this.malformed === undefined) {
      this.#remember(block, start, end, fields)
    }
    return fields
  }

  #knownFields(block: Buffer, start: number, end: number): readonly string[] | undefined {
    const length = end - start
    for (const { bytes, tableVersion, fields } of this.#knownBlocks) {
      if (bytes.length !== length || tableVersion !== this.#tableVersion) continue
      let same = 0
      while (same < length && bytes[same] === block[start + same]) same++
      if (same === length) return fields
    }
    return undefined
  }

  #remember(block: Buffer, start: number, end: number, fields: readonly string[]): void {
    if (end - start > MAX_KNOWN_BYTES) return
    const bytes = Buffer.from(block.subarray(start, end))
    this.#knownBlocks[this.#oldestKnown] = { bytes, tableVersion: this.#tableVersion, fields }
    this.#oldestKnown = (this.#oldestKnown + 1) % KNOWN_BLOCKS
  }

  #decode(block: Buffer, start: number, end: number): string[] {
    const fields: string[] = []
    let listBytes = 0
    let sawField = false
    this.#position = start
    while (this.#position < end) {
      const first = block[this.#position]
      let name: string
      let value: string
      if (first & 0x80) {
        const index = this.#integer(block, end, 7)
        name = this.#name(index)
        value = this.#value(index)
      } else if ((first & 0xe0) === 0x20) {
        if (sawField) throw compressionError('a table size update after a header field')
        this.#resize(this.#integer(block, end, 5))
        continue
      } else {
        const indexed = (first & 0x40) !== 0
        const index = this.#integer(block, end, indexed ? 6 : 4)
        if (index === 0) {
          name = this.#string(block, end)
          if (!isFieldName(name)) this.malformed = `the field name ${JSON.stringify(name.slice(0, 64))}`
        } else name = this.#name(index)
        value = this.#string(block, end)
        if (breaksField(value)) this.malformed = `the value of ${name}`
        if (indexed) this.#insert(name, value)
      }
      // A response has one field of the protocol's own, and it comes first.
      if (name.charCodeAt(0) === COLON && (sawField || name !== ':status')) {
        this.malformed = `the field ${JSON.stringify(name.slice(0, 64))} where it is not allowed`
      }
      sawField = true
      listBytes += name.length + value.length + FIELD_OVERHEAD
      if (listBytes > this.#maxListBytes) {
        this.overflowed = true
        fields.length = 0
      } else fields.push(name, value)
    }
    return fields
  }

  #name(index: number): string {
    if (index <= STATIC_COUNT && index > 0) return STATIC_FIELDS[2 * index]
    return this.#names[this.#slot(index)]
  }

  #value(index: number): string {
    if (index <= STATIC_COUNT && index > 0) return STATIC_FIELDS[2 * index + 1]
    return this.#values[this.#slot(index)]
  }

  #slot(index: number): number {
    const age = index - STATIC_COUNT - 1
    if (index === 0 || age >= this.#count) throw compressionError(`index ${index} is outside the table`)
    const slot = this.#newest - age
    return slot < 0 ? slot + this.#names.length : slot
  }

  #insert(name: string, value: string): void {
    this.#tableVersion++
    const bytes = name.length + value.length + FIELD_OVERHEAD
    this.#evict(this.#tableLimit - bytes)
    if (bytes > this.#tableLimit) return
    this.#newest = (this.#newest + 1) % this.#names.length
    this.#names[this.#newest] = name
    this.#values[this.#newest] = value
    this.#tableBytes += bytes
    this.#count++
  }

  /** Drops the oldest entries until the table counts at most `limit` bytes. */
  #evict(limit: number): void {
    while (this.#tableBytes > limit && this.#count > 0) {
      let oldest = this.#newest - this.#count + 1
      if (oldest < 0) oldest += this.#names.length
      this.#tableBytes -= this.#names[oldest].length + this.#values[oldest].length + FIELD_OVERHEAD
      this.#names[oldest] = ''
      this.#values[oldest] = ''
      this.#count--
    }
  }

  #resize(limit: number): void {
    if (limit > this.#maxTableBytes) throw compressionError(`a table size of ${limit} bytes`)
    this.#tableVersion++
    this.#tableLimit = limit
    this.#evict(limit)
  }

  /** RFC 7541, section 5.1. */
  #integer(block: Buffer, end: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1
    let value = block[this.#position++] & mask
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      if (this.#position >= end) throw compressionError('an integer is cut short')
      // Four continuation bytes reach 2^28, more than any length or index here can be.
      if (shift > 21) throw compressionError('an integer is too large')
      const byte = block[this.#position++]
      value += (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return value
    }
  }

  /** RFC 7541, section 5.2. Each byte becomes one character. */
  #string(block: Buffer, end: number): string {
    if (this.#position >= end) throw compressionError('a string is missing')
    const huffman = (block[this.#position] & 0x80) !== 0
    const length = this.#integer(block, end, 7)
    const start = this.#position
    if (length > end - start) throw compressionError('a string is cut short')
    this.#position = start + length
    if (!huffman) return block.toString('latin1', start, start + length)
    const room = Math.ceil((length * 8) / 5)
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafe(room)
    const decoded = decodeHuffman(block, start, start + length, this.#scratch)
    if (decoded < 0) throw compressionError('a string is not valid Huffman code')
    return this.#scratch.toString('latin1', 0, decoded)
  }
}

function compressionError(what: string): ConnectionViolation {
  return new ConnectionViolation(ErrorCode.COMPRESSION_ERROR, `header compression: ${what}`)
}

/** Upper-case letters, controls, blanks and bytes above ASCII are not allowed; a colon only leads. */
function isFieldName(name: string): boolean {
  if (name.length === 0) return false
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c <= 0x20 || c >= 0x7f || (c >= 0x41 && c <= 0x5a) || (c === 0x3a && i > 0)) return false
  }
  return true
}

function breaksField(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c === 0 || c === 0x0a || c === 0x0d) return true
  }
  return false
}
