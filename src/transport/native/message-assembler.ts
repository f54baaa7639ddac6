import { LimitError, ProtocolError } from '../../errors.ts'
import type { AlignAt } from '../transport.ts'

export interface MessageSink {
  /** Asked once per message for the offset to lay on a 64-byte boundary; see `CallOptions.alignAt`. */
  alignAt: AlignAt | undefined
  /** A whole message; `compressed` is the flag of its prefix. */
  onWholeMessage(message: Uint8Array, compressed: boolean): void
}

const PREFIX_BYTES = 5
const ALIGNMENT = 64
/** How much of a message `alignAt` gets to see at least. */
const HEAD_BYTES = 16
/** Messages up to this size share slabs; larger ones have a buffer each. */
const SLAB_MESSAGE_BYTES = 8 * 1024
const SLAB_BYTES = 64 * 1024
/** A message is allocated whole up to this size; a longer one grows as its bytes arrive. */
const TRUSTED_BYTES = 16 * 1024 * 1024
const GROWTH = 4

let slab = new ArrayBuffer(0)
let slabUsed = 0

/**
 * A buffer of `length` bytes whose byte `alignedOffset` lies on a 64-byte boundary of its ArrayBuffer;
 * `capacity` may be smaller than `length` for a buffer that will grow.
 */
export function allocateMessage(capacity: number, alignedOffset: number): Uint8Array {
  const lead = alignedOffset > 0 ? (ALIGNMENT - (alignedOffset % ALIGNMENT)) % ALIGNMENT : 0
  if (capacity > SLAB_MESSAGE_BYTES) {
    return new Uint8Array(Buffer.allocUnsafeSlow(capacity + lead).buffer, lead, capacity)
  }
  if (slabUsed + lead + capacity > slab.byteLength) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES).buffer as ArrayBuffer
    slabUsed = 0
  }
  const start = slabUsed + lead
  slabUsed = (start + capacity + ALIGNMENT - 1) & -ALIGNMENT
  return new Uint8Array(slab, start, capacity)
}

/**
 * Joins length-prefixed gRPC messages from bytes in any segmentation. Each byte is copied once, into the
 * buffer of its message, which is aligned for typed arrays; a length the peer announces is not believed
 * beyond 16 MiB before as many bytes have arrived.
 */
export class MessageAssembler {
  readonly #sink: MessageSink
  readonly #maxBytes: number
  // The five-byte prefix: flag and big-endian length.
  #prefixFill = 0
  #flag = 0
  #length = 0
  /** Bytes of the message received; -1 between messages, before the prefix is whole. */
  #fill = -1
  #message: Uint8Array | null = null
  #alignedOffset = 0
  /** The first bytes of a message, while too few have come to ask where to align it. */
  #head: Buffer | null = null
  #stopped = false

  constructor(sink: MessageSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  /** Nothing is passed on after this, the rest of the chunk being read included. */
  stop(): void {
    this.#stopped = true
    this.#message = null
    this.#head = null
  }

  /** What is missing of a message in part received, or undefined between messages. */
  get unfinished(): string | undefined {
    if (this.#fill >= 0) return `${this.#fill} of ${this.#length} bytes of a message`
    return this.#prefixFill > 0 ? `${this.#prefixFill} of 5 bytes of a message prefix` : undefined
  }

  /** Throws `LimitError` or `ProtocolError`, after which the stream is of no use. */
  push(chunk: Buffer, start: number, end: number): void {
    let at = start
    while (at < end && !this.#stopped) {
      if (this.#fill < 0) {
        at = this.#readPrefix(chunk, at, end)
        if (this.#fill < 0) return
        if (this.#length === 0) {
          this.#message = allocateMessage(0, -1)
          this.#finish()
          continue
        }
        if (at === end) return
      }
      if (this.#message === null) {
        at = this.#readHead(chunk, at, end)
        if (this.#message === null) continue
      }
      at = this.#readBody(chunk, at, end)
    }
  }

  /** Up to `length` bytes of room where the next bytes of the message under way belong; null between messages. */
  roomFor(length: number): Uint8Array | null {
    const message = this.#message
    if (message === null || this.#stopped) return null
    return message.subarray(this.#fill, Math.min(message.length, this.#fill + length))
  }

  /** `length` bytes have been written into the room that `roomFor` gave last. */
  placed(length: number): void {
    this.#fill += length
    if (this.#fill === this.#length) this.#finish()
  }

  #readPrefix(chunk: Buffer, at: number, end: number): number {
    if (this.#prefixFill === 0 && end - at >= PREFIX_BYTES) {
      this.#flag = chunk[at]
      this.#length = chunk.readUInt32BE(at + 1)
      this.#startMessage()
      return at + PREFIX_BYTES
    }
    while (at < end && this.#prefixFill < PREFIX_BYTES) {
      const byte = chunk[at++]
      if (this.#prefixFill++ === 0) {
        this.#flag = byte
        this.#length = 0
      } else this.#length = ((this.#length << 8) | byte) >>> 0
    }
    if (this.#prefixFill === PREFIX_BYTES) this.#startMessage()
    return at
  }

  #startMessage(): void {
    if (this.#flag > 1)
      throw new ProtocolError(`gRPC: message flags 0x${this.#flag.toString(16)} are not defined`)
    if (this.#length > this.#maxBytes) {
      throw new LimitError(
        `gRPC: a message of ${this.#length} bytes is larger than maxMessageBytes (${this.#maxBytes})`,
      )
    }
    this.#prefixFill = 0
    this.#fill = 0
  }

  /** Asks where to align as soon as enough of the message is here, and allocates it. */
  #readHead(chunk: Buffer, at: number, end: number): number {
    const wanted = Math.min(this.#length, HEAD_BYTES)
    // A compressed message is aligned after inflating.
    const ask = this.#flag === 0 ? this.#sink.alignAt : undefined
    if (ask === undefined) {
      this.#allocate(-1)
      return at
    }
    if (this.#head === null && end - at >= wanted) {
      this.#allocate(ask(chunk, at, Math.min(end, at + this.#length), this.#length))
      return at
    }
    this.#head ??= Buffer.alloc(HEAD_BYTES)
    const taken = Math.min(end - at, wanted - this.#fill)
    chunk.copy(this.#head, this.#fill, at, at + taken)
    this.#fill += taken
    if (this.#fill === wanted) {
      const head = this.#head
      this.#head = null
      this.#allocate(ask(head, 0, wanted, this.#length))
      head.copy(this.#message!, 0, 0, wanted)
      if (this.#fill === this.#length) this.#finish()
    }
    return at + taken
  }

  #allocate(alignedOffset: number): void {
    this.#alignedOffset = alignedOffset
    this.#message = allocateMessage(Math.min(this.#length, TRUSTED_BYTES), alignedOffset)
  }

  #readBody(chunk: Buffer, at: number, end: number): number {
    let message = this.#message
    if (message === null) return at
    const take = Math.min(end - at, this.#length - this.#fill)
    if (this.#fill + take > message.length) {
      const capacity = Math.min(this.#length, Math.max(message.length * GROWTH, this.#fill + take))
      const grown = allocateMessage(capacity, this.#alignedOffset)
      grown.set(message.subarray(0, this.#fill))
      message = grown
      this.#message = grown
    }
    chunk.copy(message, this.#fill, at, at + take)
    this.#fill += take
    if (this.#fill === this.#length) this.#finish()
    return at + take
  }

  #finish(): void {
    const message = this.#message!
    const compressed = this.#flag === 1
    this.#message = null
    this.#fill = -1
    this.#sink.onWholeMessage(message, compressed)
  }
}
