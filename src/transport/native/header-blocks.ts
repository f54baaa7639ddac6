import { requireLength, TOO_MUCH_PADDING, tooLarge } from './frame-rules.ts'
import { Flag, FrameType } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

export interface HeaderBlockSink {
  /** A whole header block, CONTINUATION frames joined. */
  onHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void
}

/** Most bytes of one header block, before decoding. */
const MAX_BLOCK_BYTES = 256 * 1024
const MAX_CONTINUATIONS = 64

/**
 * Header blocks out of the HEADERS and CONTINUATION frames that carry them: RFC 9113, sections 4.3, 6.2 and
 * 6.10. A block in one frame, which is what nearly all are, is passed on without being copied.
 */
export class HeaderBlocks {
  readonly #sink: HeaderBlockSink
  /** The stream of a block that is not complete, whose CONTINUATION frames must follow; 0 when there is none. */
  #streamId = 0
  #endsStream = false
  #parts: Buffer[] = []
  #bytes = 0

  constructor(sink: HeaderBlockSink) {
    this.#sink = sink
  }

  /** Before a frame of any type is read: none may interrupt a block. */
  checkNext(type: number, streamId: number): void {
    if (this.#streamId === 0) return
    if (type !== FrameType.CONTINUATION || streamId !== this.#streamId) {
      throw new ConnectionViolation(
        ErrorCode.PROTOCOL_ERROR,
        'a header block is interrupted by another frame',
      )
    }
  }

  /** Before the payload of a HEADERS or CONTINUATION frame is collected. */
  checkLength(length: number): void {
    if (this.#bytes + length > MAX_BLOCK_BYTES) {
      throw tooLarge(`a header block of more than ${MAX_BLOCK_BYTES} bytes`)
    }
  }

  headers(streamId: number, flags: number, bytes: Buffer, start: number, end: number): void {
    let blockStart = start
    let blockEnd = end
    if (flags & Flag.PADDED) {
      requireLength(FrameType.HEADERS, end > start)
      blockEnd -= bytes[blockStart++]
    }
    if (flags & Flag.PRIORITY) blockStart += 5
    if (blockStart > blockEnd) throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, TOO_MUCH_PADDING)
    const endStream = (flags & Flag.END_STREAM) !== 0
    if (flags & Flag.END_HEADERS) {
      this.#sink.onHeaderBlock(streamId, endStream, bytes, blockStart, blockEnd)
      return
    }
    this.#streamId = streamId
    this.#endsStream = endStream
    this.#parts = [Buffer.from(bytes.subarray(blockStart, blockEnd))]
    this.#bytes = blockEnd - blockStart
  }

  continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    if (this.#streamId === 0) {
      throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, 'a CONTINUATION that continues nothing')
    }
    this.#parts.push(Buffer.from(bytes.subarray(start, end)))
    this.#bytes += end - start
    if (this.#parts.length > MAX_CONTINUATIONS) {
      throw tooLarge(`a header block in more than ${MAX_CONTINUATIONS} frames`)
    }
    if ((flags & Flag.END_HEADERS) === 0) return
    const block = Buffer.concat(this.#parts, this.#bytes)
    const streamId = this.#streamId
    this.#streamId = 0
    this.#parts = []
    this.#bytes = 0
    this.#sink.onHeaderBlock(streamId, this.#endsStream, block, 0, block.length)
  }
}
