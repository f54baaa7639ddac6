/** Bytes collected in parts and joined once, into memory of exactly their size; one part is not copied. */
export class ByteParts {
  private parts: Uint8Array[] = []
  private total = 0

  get byteLength(): number {
    return this.total
  }

  push(part: Uint8Array): void {
    if (part.length === 0) return
    this.parts.push(part)
    this.total += part.length
  }

  /** Everything collected, and starts anew. */
  take(): Uint8Array {
    const { parts, total } = this
    this.parts = []
    this.total = 0
    if (parts.length === 1) return parts[0]
    const joined = new Uint8Array(total)
    let offset = 0
    for (const part of parts) {
      joined.set(part, offset)
      offset += part.length
    }
    return joined
  }
}

/** A typed array's memory as bytes, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength)
}
