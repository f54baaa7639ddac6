import { checkFrame, requireStream, TOO_MUCH_PADDING } from './frame-rules.ts'
import { Flag, FRAME_HEADER_BYTES, FrameType, readUint31, readUint32 } from './frames.ts'
import { type HeaderBlockSink, HeaderBlocks } from './header-blocks.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'
import { notHttp2 } from './not-http2.ts'

/** What a connection does with the frames its reader finds. Byte ranges are only valid during the call. */
export interface FrameSink extends HeaderBlockSink {
  onSettings(acknowledges: boolean, bytes: Buffer, start: number, end: number): void
  /** A DATA frame begins; `length` is what it counts for flow control, padding included. */
  onDataStart(streamId: number, length: number): void
  /** Part of its content, as it arrived. */
  onDataBytes(bytes: Buffer, start: number, end: number): void
  /** Room for up to `length` bytes of content where they belong, to be read into; null to get them as above. */
  onDataRoom(length: number): Uint8Array | null
  /** `length` bytes of content have been read into that room. */
  onDataPlaced(length: number): void
  onDataEnd(endStream: boolean): void
  onReset(streamId: number, code: number): void
  onPing(acknowledges: boolean, bytes: Buffer, start: number): void
  onGoaway(lastStreamId: number, code: number, debug: string): void
  onWindowUpdate(streamId: number, increment: number): void
  /** A frame that asks for nothing: PRIORITY or of an unknown type. */
  onIgnored(): void
}

/** Less than this is not worth a read of its own. */
const ROOM_BYTES = 32 * 1024
/** DATA frames from this size on are read in two parts: their beginning, then the rest where it belongs. */
const LARGE_FRAME_BYTES = 128 * 1024
/** How much of a large frame is read to see its beginning, and copied for it. */
const BEGINNING_BYTES = 16 * 1024
const GOAWAY_DEBUG_SHOWN = 256

type Mode = 'header' | 'padLength' | 'data' | 'padding' | 'skip' | 'collect'

/**
 * Splits the bytes of a connection into frames at any segmentation: RFC 9113, sections 4 and 6. DATA is
 * passed on as it arrives, everything else once it is whole, and nothing is copied that arrived whole.
 * Throws `ConnectionViolation`.
 */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #blocks: HeaderBlocks
  #mode: Mode = 'header'
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerFill = 0
  #sawSettings = false
  // The frame being read.
  #type = 0
  #flags = 0
  #streamId = 0
  /** Bytes of its content still to come; padding is counted apart. */
  #left = 0
  #padding = 0
  #largeFrames = false
  #beginning: Buffer | undefined
  // A frame that did not arrive whole.
  #collected = Buffer.alloc(0)
  #collectedFill = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
    this.#blocks = new HeaderBlocks(sink)
  }

  /** The connection's first bytes when they are not a whole frame: what a peer of another protocol sent. */
  get firstBytes(): Buffer {
    return this.#sawSettings ? Buffer.alloc(0) : this.#header.subarray(0, this.#headerFill)
  }

  read(chunk: Buffer, length: number): void {
    let at = 0
    while (at < length) {
      switch (this.#mode) {
        case 'header':
          at = this.#readHeader(chunk, at, length)
          break
        case 'padLength':
          this.#padding = chunk[at++]
          this.#left--
          if (this.#padding > this.#left)
            throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, TOO_MUCH_PADDING)
          this.#left -= this.#padding
          this.#mode = 'data'
          if (this.#left === 0) this.#endContent()
          break
        case 'data': {
          const end = Math.min(length, at + this.#left)
          this.#left -= end - at
          this.#sink.onDataBytes(chunk, at, end)
          at = end
          if (this.#left === 0) this.#endContent()
          break
        }
        case 'padding': {
          const end = Math.min(length, at + this.#padding)
          this.#padding -= end - at
          at = end
          if (this.#padding === 0) this.#endData()
          break
        }
        case 'skip': {
          const end = Math.min(length, at + this.#left)
          this.#left -= end - at
          at = end
          if (this.#left === 0) this.#mode = 'header'
          break
        }
        case 'collect': {
          const end = Math.min(length, at + this.#left)
          chunk.copy(this.#collected, this.#collectedFill, at, end)
          this.#collectedFill += end - at
          this.#left -= end - at
          at = end
          if (this.#left === 0) {
            this.#mode = 'header'
            this.#control(this.#collected, 0, this.#collectedFill)
          }
          break
        }
      }
    }
  }

  /** `length` bytes have come in the room that `nextTarget` gave last. */
  placed(length: number): void {
    this.#left -= length
    this.#sink.onDataPlaced(length)
    if (this.#left === 0) this.#endContent()
  }

  /**
   * Where to put what is read next: into the message under way when much of it is still to come, or else
   * into `buffer`, to be passed to `read`. Of large frames only the beginning goes there.
   */
  nextTarget(buffer: Buffer): Uint8Array {
    if (this.#mode === 'data' && this.#left >= ROOM_BYTES) {
      const room = this.#sink.onDataRoom(this.#left)
      if (room !== null && room.length >= ROOM_BYTES) return room
    }
    if (!this.#largeFrames) return buffer
    this.#beginning ??= buffer.subarray(0, BEGINNING_BYTES)
    return this.#beginning
  }

  #readHeader(chunk: Buffer, at: number, length: number): number {
    if (this.#headerFill === 0 && length - at >= FRAME_HEADER_BYTES) {
      this.#startFrame(chunk, at)
      at += FRAME_HEADER_BYTES
    } else {
      const end = Math.min(length, at + FRAME_HEADER_BYTES - this.#headerFill)
      chunk.copy(this.#header, this.#headerFill, at, end)
      this.#headerFill += end - at
      at = end
      if (this.#headerFill < FRAME_HEADER_BYTES) return at
      this.#headerFill = 0
      this.#startFrame(this.#header, 0)
    }
    if (this.#mode !== 'collect') return at
    // A frame that is whole in this chunk is read in place.
    if (length - at >= this.#left) {
      const end = at + this.#left
      this.#mode = 'header'
      this.#control(chunk, at, end)
      return end
    }
    this.#collected = Buffer.allocUnsafe(this.#left)
    this.#collectedFill = 0
    return at
  }

  /** Chooses how the payload is read: data, skipped, or collected (`#left` bytes). */
  #startFrame(bytes: Buffer, at: number): void {
    const length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
    const type = bytes[at + 3]
    this.#type = type
    this.#flags = bytes[at + 4]
    this.#streamId = readUint31(bytes, at + 5)
    this.#left = length
    if (!this.#sawSettings) {
      if (type !== FrameType.SETTINGS || this.#flags & Flag.ACK || this.#streamId !== 0) {
        throw new ConnectionViolation(
          ErrorCode.PROTOCOL_ERROR,
          notHttp2(bytes.subarray(at, at + FRAME_HEADER_BYTES)),
        )
      }
      this.#sawSettings = true
    }
    this.#blocks.checkNext(type, this.#streamId)
    if (type === FrameType.DATA) {
      requireStream(type, this.#streamId)
      if (this.#flags & Flag.PADDED && length === 0) {
        throw new ConnectionViolation(ErrorCode.FRAME_SIZE_ERROR, TOO_MUCH_PADDING)
      }
      this.#padding = 0
      this.#largeFrames = length >= LARGE_FRAME_BYTES
      this.#sink.onDataStart(this.#streamId, length)
      if (this.#flags & Flag.PADDED) this.#mode = 'padLength'
      else if (length > 0) this.#mode = 'data'
      else this.#endData()
      return
    }
    checkFrame(type, this.#flags, this.#streamId, length)
    if (type > FrameType.CONTINUATION || type === FrameType.PRIORITY) {
      this.#mode = length > 0 ? 'skip' : 'header'
      this.#sink.onIgnored()
      return
    }
    if (type === FrameType.HEADERS || type === FrameType.CONTINUATION) this.#blocks.checkLength(length)
    this.#mode = 'collect'
  }

  /** Acts on a frame other than DATA, now whole in `bytes[start, end)`. */
  #control(bytes: Buffer, start: number, end: number): void {
    const flags = this.#flags
    switch (this.#type) {
      case FrameType.HEADERS:
        this.#blocks.headers(this.#streamId, flags, bytes, start, end)
        break
      case FrameType.CONTINUATION:
        this.#blocks.continuation(flags, bytes, start, end)
        break
      case FrameType.SETTINGS:
        this.#sink.onSettings((flags & Flag.ACK) !== 0, bytes, start, end)
        break
      case FrameType.PING:
        this.#sink.onPing((flags & Flag.ACK) !== 0, bytes, start)
        break
      case FrameType.GOAWAY: {
        const debugEnd = Math.min(end, start + 8 + GOAWAY_DEBUG_SHOWN)
        const debug = bytes.toString('utf8', start + 8, debugEnd)
        this.#sink.onGoaway(readUint31(bytes, start), readUint32(bytes, start + 4), debug)
        break
      }
      case FrameType.RST_STREAM:
        this.#sink.onReset(this.#streamId, readUint32(bytes, start))
        break
      case FrameType.WINDOW_UPDATE:
        this.#sink.onWindowUpdate(this.#streamId, readUint31(bytes, start))
        break
    }
  }

  #endContent(): void {
    if (this.#padding > 0) this.#mode = 'padding'
    else this.#endData()
  }

  #endData(): void {
    this.#mode = 'header'
    this.#sink.onDataEnd((this.#flags & Flag.END_STREAM) !== 0)
  }
}
