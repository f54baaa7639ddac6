import { isAscii, isUtf8 } from 'node:buffer'
import { ProtocolError } from '../../errors.ts'
import { type ArrayData, checkedOffsets } from '../array-data.ts'
import type { ExpansionBudget, ValueReader } from '../value-reader.ts'
import { checkedViews, type Views } from './views.ts'

/** Utf8 and LargeUtf8. */
export class TextReader implements ValueReader {
  readonly #data: ArrayData
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #offsets: Int32Array | Float64Array
  readonly #nullable: boolean
  readonly #column: string
  readonly #budget: ExpansionBudget
  /** The text of all values, to cut short ones out of; null when that would not pay. */
  readonly #text: string | null
  readonly #textStart: number

  constructor(data: ArrayData, column: string, budget: ExpansionBudget) {
    this.#data = data
    this.#bytes = data.body.bytes
    this.#start = data.second
    this.#offsets = checkedOffsets(data, data.type.kind === 'largeUtf8', data.secondLength)
    this.#nullable = data.validity >= 0
    this.#column = column
    this.#budget = budget
    this.#textStart = this.#offsets[0]!
    this.#text = sharedText(data, this.#textStart, this.#offsets[data.length]!)
  }

  get(index: number): string | null {
    if (this.#nullable && this.#data.isNull(index)) return null
    const start = this.#offsets[index]!
    const end = this.#offsets[index + 1]!
    if (this.#text !== null && end - start <= MAX_CUT)
      return this.#text.slice(start - this.#textStart, end - this.#textStart)
    // Rows may share a text, as through runs or list views, but each has its own copy of a long one.
    if (end - start > SHORT) this.#budget.spend(end - start)
    return decodeText(this.#bytes, this.#start + start, end - start, this.#column)
  }
}

/** Utf8View. */
export class TextViewReader implements ValueReader {
  readonly #data: ArrayData
  readonly #bytes: Uint8Array
  readonly #views: Views
  readonly #budget: ExpansionBudget
  readonly #column: string

  constructor(data: ArrayData, column: string, budget: ExpansionBudget) {
    this.#data = data
    this.#bytes = data.body.bytes
    this.#views = checkedViews(data)
    this.#budget = budget
    this.#column = column
  }

  get(index: number): string | null {
    if (this.#data.isNull(index)) return null
    const length = this.#views.length(index)
    this.#budget.spend(length)
    return decodeText(this.#bytes, this.#views.position(index), length, this.#column)
  }
}

/** Native methods of every Buffer, which Node keeps undocumented; `toString` costs twice their time. */
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string
  utf8Slice(this: Uint8Array, start: number, end: number): string
}

/**
 * V8 copies a substring of up to this length; a longer one would keep the text it was cut from alive, and
 * with it every other value of the batch.
 */
const MAX_CUT = 12
/** Fewer bytes than this are decoded one by one. */
const MIN_SHARED = 64

/** One ASCII string of all values, if most of them are short: cutting is the fastest way to make those. */
function sharedText(data: ArrayData, start: number, end: number): string | null {
  const length = end - start
  if (length < MIN_SHARED || length > data.length * MAX_CUT) return null
  const { bytes } = data.body
  const position = data.second + start
  if (!isAscii(bytes.subarray(position, position + length))) return null
  return latin1Slice.call(bytes, position, position + length)
}

const char = String.fromCharCode
/** Up to here a string is made of its codes without a call into C++, if it is ASCII. */
const SHORT = 16

/**
 * Decodes UTF-8. Bytes that are not UTF-8 are a `ProtocolError` rather than replacement characters: Arrow
 * promises valid text, and a changed value would go unnoticed.
 */
export function decodeText(bytes: Uint8Array, start: number, length: number, column: string): string {
  if (length <= SHORT) {
    const text = shortAscii(bytes, start, length)
    if (text !== null) return text
  }
  const text = utf8Slice.call(bytes, start, start + length)
  // U+FFFD stands for broken bytes, or for itself.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, start + length)))
    throw new ProtocolError(
      `Column "${column}": a text value is not valid UTF-8; select it as binary to see its bytes`,
    )
  return text
}

/** Null when it is not ASCII. */
function shortAscii(b: Uint8Array, p: number, length: number): string | null {
  let all = 0
  for (let i = 0; i < length; i++) all |= b[p + i]!
  if (all > 127) return null
  // biome-ignore format: one line for each length
  switch (length) {
    case 0: return ''
    case 1: return char(b[p]!)
    case 2: return char(b[p]!, b[p + 1]!)
    case 3: return char(b[p]!, b[p + 1]!, b[p + 2]!)
    case 4: return char(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!)
    case 5: return char(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!)
    case 6: return char(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!)
    case 7: return char(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!)
    case 8: return char(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!, b[p + 7]!)
    default: return latin1Slice.call(b, p, p + length)
  }
}
