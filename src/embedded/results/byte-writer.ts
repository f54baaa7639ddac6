const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Text as UTF-8 bytes in a buffer that grows. */
export class ByteWriter {
  private buffer: Buffer
  private end = 0

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.end
  }

  /** Text of ASCII characters only. */
  ascii(text: string): void {
    this.reserve(text.length)
    // Texts are short, and for those a loop is faster than a call into the runtime.
    for (let index = 0; index < text.length; index++) this.buffer[this.end++] = text.charCodeAt(index)
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.end++] = value
  }

  /** A few bytes. */
  bytes(source: Uint8Array): void {
    this.reserve(source.length)
    for (let index = 0; index < source.length; index++) this.buffer[this.end++] = source[index]
  }

  /** A JSON string of UTF-8 bytes; only what JSON must escape is escaped. */
  jsonString(source: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * 6 + 2)
    const { buffer } = this
    let at = this.end
    buffer[at++] = QUOTE
    for (let index = start; index < end; index++) {
      const byte = source[index]
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) buffer[at++] = byte
      else at += buffer.write(escapeOf(byte), at, 'latin1')
    }
    buffer[at++] = QUOTE
    this.end = at
  }

  /** Everything written so far; the writer starts again with a new buffer. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.end)
    this.buffer = Buffer.allocUnsafe(Math.max(this.end, 1024))
    this.end = 0
    return taken
  }

  private reserve(count: number): void {
    if (this.end + count <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.end + count))
    this.buffer.copy(grown, 0, 0, this.end)
    this.buffer = grown
  }
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  12: '\\f',
  13: '\\r',
  [QUOTE]: '\\"',
  [BACKSLASH]: '\\\\',
}

function escapeOf(byte: number): string {
  return SHORT_ESCAPES[byte] ?? `\\u${byte.toString(16).padStart(4, '0')}`
}
