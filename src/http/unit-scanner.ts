const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c

/**
 * What a reply is read in: a `row` ends where its brackets close, a `key` at its colon, a `value` before
 * what follows it; a `mark` is one byte of punctuation.
 */
export type Unit = 'row' | 'key' | 'value' | 'mark'

/**
 * Finds the end of a JSON unit whose bytes come in pieces, looking at each byte once. It does not judge:
 * what is no JSON ends somewhere, too, and is refused where it is read.
 */
export class UnitScanner {
  #unit: Unit = 'mark'
  #depth = 0
  #inString = false
  #escaped = false

  /** Starts anew before a unit of this kind. */
  begin(unit: Unit): void {
    this.#unit = unit
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
  }

  /** Whether the unit ends within these bytes, which follow those of the last call. */
  ends(bytes: Uint8Array, start = 0): boolean {
    const unit = this.#unit
    let depth = this.#depth
    let inString = this.#inString
    let escaped = this.#escaped
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i]
      if (inString) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
        continue
      }
      if (unit === 'mark' && byte > 0x20) return true
      if (byte === QUOTE) inString = true
      else if (byte === 0x7b || byte === 0x5b) depth++
      else if (byte === 0x7d || byte === 0x5d) {
        depth--
        if (depth < 0 || (depth === 0 && unit === 'row')) return true
      } else if (depth === 0 && (byte === COMMA || (byte === COLON && unit === 'key'))) return true
    }
    this.#depth = depth
    this.#inString = inString
    this.#escaped = escaped
    return false
  }
}
