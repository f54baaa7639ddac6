import { writeUint32 } from './frames.ts'

const PREFIX_BYTES = 5

/**
 * Request messages on their way into DATA frames, each behind its gRPC prefix. Taking a piece never copies
 * a message.
 */
export class Outbox {
  readonly #pieces: Uint8Array[] = []
  #first = 0
  #offset = 0
  /** Bytes waiting, prefixes included. */
  bytes = 0
  /** No more messages will come. */
  closed = false

  push(message: Uint8Array): void {
    const prefix = new Uint8Array(PREFIX_BYTES)
    writeUint32(prefix, 1, message.length)
    this.#pieces.push(prefix)
    if (message.length > 0) this.#pieces.push(message)
    this.bytes += PREFIX_BYTES + message.length
  }

  /** Passes exactly `count` of the waiting bytes to `send`, in order. */
  take(count: number, send: { bytes(piece: Uint8Array): void }): void {
    let left = count
    this.bytes -= count
    while (left > 0) {
      const piece = this.#pieces[this.#first]
      const end = Math.min(piece.length, this.#offset + left)
      send.bytes(piece.subarray(this.#offset, end))
      left -= end - this.#offset
      this.#offset = end
      if (end === piece.length) {
        this.#offset = 0
        this.#first++
      }
    }
    if (this.#first === this.#pieces.length) this.clear()
    else if (this.#first > 64) {
      this.#pieces.splice(0, this.#first)
      this.#first = 0
    }
  }

  clear(): void {
    this.#pieces.length = 0
    this.#first = 0
    this.#offset = 0
    this.bytes = 0
  }
}
