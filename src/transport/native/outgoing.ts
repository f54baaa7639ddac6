import type { Socket } from 'node:net'
import type { TransportStats } from '../transport.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from './frames.ts'

const SCRATCH_BYTES = 32 * 1024
/** Longer payloads are handed to the socket as they are, shorter ones copied beside their frame headers. */
const COPY_LIMIT = 8 * 1024

/**
 * What a connection sends: frames written one after another into one buffer, and one `socket.write` for
 * all frames of a turn of the event loop. The buffer is used again once the socket has taken its bytes,
 * which on loopback it does within `write`.
 */
export class Outgoing {
  readonly #socket: Socket
  readonly #stats: TransportStats
  readonly #flush = () => this.flush()
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** The scratch bytes before #start belong to the socket; [#start, #end) wait for the flush. */
  #start = 0
  #end = 0
  /** Longer payloads and the scratch bytes before them, in order. */
  #parts: Buffer[] = []
  #partBytes = 0
  #scheduled = false

  constructor(socket: Socket, stats: TransportStats) {
    this.#socket = socket
    this.#stats = stats
  }

  /** Bytes not yet taken by the operating system. */
  get pendingBytes(): number {
    return this.#socket.writableLength + this.#partBytes + this.#end - this.#start
  }

  frameHeader(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES)
    this.#end = writeFrameHeader(this.#scratch, this.#end, length, type, flags, streamId)
  }

  /** Room to write up to `length` bytes directly; tell `advance` where they end. */
  reserve(length: number): Buffer {
    this.#reserve(length)
    return this.#scratch
  }

  get position(): number {
    return this.#end
  }

  advance(end: number): void {
    this.#end = end
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#scratch[this.#end++] = value
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#end = this.#scratch.writeUInt32BE(value >>> 0, this.#end)
  }

  /** The bytes must not change until they are sent. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= COPY_LIMIT) {
      this.#reserve(bytes.length)
      this.#scratch.set(bytes, this.#end)
      this.#end += bytes.length
      return
    }
    this.#closePart()
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    this.#partBytes += bytes.length
  }

  /** Sends at the end of this turn, after promise callbacks have run, together with what else is written. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  /** True when the operating system has taken all there was. */
  flush(): boolean {
    this.#scheduled = false
    const socket = this.#socket
    const length = this.#end - this.#start
    if (!socket.writable || (length === 0 && this.#partBytes === 0)) return socket.writableLength === 0
    this.#stats.bytesSent += length + this.#partBytes
    if (this.#parts.length === 0) {
      socket.write(this.#scratch.subarray(this.#start, this.#end))
      this.#start = this.#end
    } else {
      this.#closePart()
      socket.cork()
      for (const part of this.#parts) socket.write(part)
      socket.uncork()
      this.#parts = []
      this.#partBytes = 0
    }
    this.#reclaim()
    return socket.writableLength === 0
  }

  #closePart(): void {
    if (this.#end === this.#start) return
    this.#parts.push(this.#scratch.subarray(this.#start, this.#end))
    this.#partBytes += this.#end - this.#start
    this.#start = this.#end
  }

  #reclaim(): void {
    if (this.#socket.writableLength === 0 && this.#start === this.#end && this.#parts.length === 0) {
      this.#start = 0
      this.#end = 0
    }
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#scratch.length) return
    this.#reclaim()
    if (this.#end + length <= this.#scratch.length) return
    this.#closePart()
    this.#scratch = Buffer.allocUnsafeSlow(Math.max(SCRATCH_BYTES, length))
    this.#start = 0
    this.#end = 0
  }
}
