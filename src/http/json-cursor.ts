import { decodeText } from '../arrow/readers/text.ts'
import { ProtocolError } from '../errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
/** Up to here text is made without a call into C++, if it is ASCII. */
const SHORT_TEXT = 8
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/** More characters than any number of a result has, of Decimal256 even; converting digits takes more than linear time. */
export const MAX_NUMBER_LENGTH = 256

/** Nesting beyond this is refused; no result nests that deep and the readers are recursive. */
export const MAX_JSON_DEPTH = 64

/**
 * Reads JSON from its bytes, value by value, so that the digits of a number are still there to be read
 * as what the schema says it is: `JSON.parse` would have made a double of them. Works on bytes rather
 * than on one large string, whose slices would keep the whole reply alive as long as one value of it.
 * The bytes have to be valid UTF-8. Every method throws `ProtocolError` on anything that is no JSON.
 *
 * The bytes may be a part of the text. A read that came to their end has set `starved`: what it gave, or
 * threw, holds only if no more bytes follow.
 */
export class JsonCursor {
  bytes: Buffer
  position: number
  end: number
  starved = false
  /** Bytes of the text before the first of `bytes`, for messages. */
  #offset = 0

  constructor(bytes: Buffer, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  /** Goes on in other bytes, which begin with those not read yet. */
  continueIn(bytes: Buffer): void {
    this.#offset += this.position
    this.bytes = bytes
    this.position = 0
    this.end = bytes.length
  }

  /** The next byte that is no white space, not consumed; -1 at the end. */
  peek(): number {
    const { bytes, end } = this
    let position = this.position
    let byte = bytes[position]
    while (position < end && (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)) {
      byte = bytes[++position]
    }
    this.position = position
    if (position < end) return byte
    this.starved = true
    return -1
  }

  /** Consumes `byte` if it comes next. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false
    this.position++
    return true
  }

  expect(byte: number): void {
    if (!this.take(byte)) throw this.unexpected(`'${String.fromCharCode(byte)}'`)
  }

  /** After an element: true when another follows, false when `close` ends the list. */
  more(close: number): boolean {
    if (this.take(COMMA)) return true
    this.expect(close)
    return false
  }

  /** Consumes `null` if it comes next. */
  takeNull(): boolean {
    return this.peek() === 0x6e && this.#word('null')
  }

  boolean(): boolean {
    const byte = this.peek()
    if (byte === 0x74 && this.#word('true')) return true
    if (byte === 0x66 && this.#word('false')) return false
    throw this.unexpected('true or false')
  }

  /** Whether exactly these bytes come next; consumes them if so. */
  takeBytes(expected: Uint8Array): boolean {
    const { bytes, position } = this
    const length = expected.length
    if (position + length > this.end) return false
    // A native comparison pays off only beyond what a loop does in the time of the call.
    if (length > 64) {
      if (bytes.compare(expected, 0, length, position, position + length) !== 0) return false
      this.position = position + length
      return true
    }
    for (let i = 0; i < length; i++) if (bytes[position + i] !== expected[i]) return false
    this.position = position + length
    return true
  }

  string(): string {
    this.expect(QUOTE)
    const { bytes, end } = this
    const start = this.position
    let position = start
    let above = 0
    for (; position < end; position++) {
      const byte = bytes[position]
      if (byte === QUOTE) {
        this.position = position + 1
        if (position - start <= SHORT_TEXT) return decodeText(bytes, start, position - start, 'JSON')
        return above < 0x80
          ? bytes.toString('latin1', start, position)
          : bytes.toString('utf8', start, position)
      }
      if (byte === BACKSLASH) return this.#escapedString(start, position)
      above |= byte
    }
    this.starved = true
    throw this.unexpected('the end of a string')
  }

  /** A number's text. */
  numberText(): string {
    this.peek()
    const start = this.position
    this.#skipNumber()
    return this.bytes.toString('latin1', start, this.position)
  }

  /** A whole number: a JavaScript number where that is exact, otherwise a bigint. */
  integer(): number | bigint {
    const first = this.peek()
    const { bytes } = this
    const start = this.position
    let position = first === 0x2d ? start + 1 : start
    let value = 0
    const firstDigit = position
    for (; position < this.end; position++) {
      const digit = bytes[position] - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const digits = position - firstDigit
    const next = position < this.end ? bytes[position] : 0
    if (digits === 0 || next === 0x2e || next === 0x65 || next === 0x45) return this.#integerWithPoint()
    this.position = position
    if (position === this.end) this.starved = true
    if (digits > MAX_NUMBER_LENGTH) throw this.unexpected(`an integer of at most ${MAX_NUMBER_LENGTH} digits`)
    if (digits <= 15) return first === 0x2d ? 0 - value : value
    const exact = BigInt(bytes.toString('latin1', start, position))
    const number = Number(exact)
    return Number.isSafeInteger(number) ? number : exact
  }

  /** A number as a double, correctly rounded. */
  double(): number {
    const first = this.peek()
    const { bytes } = this
    const start = this.position
    let position = first === 0x2d ? start + 1 : start
    let value = 0
    let digits = 0
    let point = -1
    for (; position < this.end; position++) {
      const byte = bytes[position]
      if (byte === 0x2e && point < 0) {
        point = position
        continue
      }
      const digit = byte - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      digits++
    }
    const next = position < this.end ? bytes[position] : 0
    // A mantissa below 2^53 over a power of ten up to 10^22 is one correctly rounded division (Clinger).
    if (digits > 0 && digits <= 15 && next !== 0x65 && next !== 0x45 && point !== position - 1) {
      this.position = position
      if (position === this.end) this.starved = true
      if (point >= 0) value /= POWERS[position - point - 1]
      return first === 0x2d ? -value : value
    }
    this.#skipNumber()
    const exact = Number(bytes.toString('latin1', start, this.position))
    if (Number.isFinite(exact)) return exact
    this.position = start
    throw this.unexpected('a number within the range of doubles')
  }

  /** Passes over one value of any kind. */
  skip(depth = 0): void {
    const byte = this.peek()
    if (byte === QUOTE) {
      this.#skipString()
      return
    }
    if (byte === 0x7b || byte === 0x5b) {
      if (depth >= MAX_JSON_DEPTH) throw new ProtocolError(`JSON nested deeper than ${MAX_JSON_DEPTH} levels`)
      this.position++
      const close = byte + 2
      if (this.take(close)) return
      do {
        if (byte === 0x7b) {
          if (this.peek() !== QUOTE) throw this.unexpected('a key')
          this.#skipString()
          this.expect(0x3a)
        }
        this.skip(depth + 1)
      } while (this.more(close))
      return
    }
    if (byte === 0x6e || byte === 0x74 || byte === 0x66) {
      if (this.#word(byte === 0x6e ? 'null' : byte === 0x74 ? 'true' : 'false')) return
      throw this.unexpected('a value')
    }
    this.#skipNumber()
  }

  /** Nothing but white space may follow. */
  finish(): void {
    if (this.peek() !== -1) throw this.unexpected('the end')
  }

  unexpected(expected: string): ProtocolError {
    if (this.position >= this.end) {
      return new ProtocolError(`JSON ends early at byte ${this.#offset + this.end}: expected ${expected}`)
    }
    const seen = this.bytes.toString('latin1', this.position, Math.min(this.position + 20, this.end))
    return new ProtocolError(
      `JSON byte ${this.#offset + this.position}: expected ${expected}, found ${JSON.stringify(seen)}`,
    )
  }

  #word(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.position + i >= this.end) {
        this.starved = true
        return false
      }
      if (this.bytes[this.position + i] !== word.charCodeAt(i)) return false
    }
    this.position += word.length
    return true
  }

  #skipString(): void {
    const { bytes, end } = this
    for (let position = this.position + 1; position < end; position++) {
      const byte = bytes[position]
      if (byte === BACKSLASH) position++
      else if (byte === QUOTE) {
        this.position = position + 1
        return
      }
    }
    this.position = end
    this.starved = true
    throw this.unexpected('the end of a string')
  }

  #escapedString(start: number, position: number): string {
    this.position = start - 1
    this.#skipString()
    try {
      return JSON.parse(this.bytes.toString('utf8', start - 1, this.position)) as string
    } catch (cause) {
      throw new ProtocolError(`JSON byte ${this.#offset + position}: a string with an invalid escape`, {
        cause,
      })
    }
  }

  // A whole number written as `1.0` or `1e3`: no runtime was seen to, but the value is the same.
  #integerWithPoint(): number {
    const start = this.position
    const text = this.numberText()
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value
    this.position = start
    throw this.unexpected('a whole number')
  }

  #skipNumber(): void {
    const { bytes, end } = this
    let position = this.position
    const digits = () => {
      const from = position
      while (position < end && bytes[position] >= 0x30 && bytes[position] <= 0x39) position++
      if (position === end) this.starved = true
      if (position === from) throw this.unexpected('a number')
    }
    if (bytes[position] === 0x2d) position++
    digits()
    if (position < end && bytes[position] === 0x2e) {
      position++
      digits()
    }
    if (position < end && (bytes[position] | 0x20) === 0x65) {
      position++
      if (bytes[position] === 0x2b || bytes[position] === 0x2d) position++
      digits()
    }
    this.position = position
  }
}
