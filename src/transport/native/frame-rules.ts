import { LimitError } from '../../errors.ts'
import { Flag, FrameType } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

const MAX_SETTINGS_BYTES = 16 * 1024
const MAX_GOAWAY_BYTES = 64 * 1024

export const TOO_MUCH_PADDING = 'padding longer than its frame'

/**
 * Checks what the header of a frame other than DATA says, before its payload is read: sizes and streams are
 * those of RFC 9113, section 6, limits where it has none are ours. Throws `ConnectionViolation`.
 */
export function checkFrame(type: number, flags: number, streamId: number, length: number): void {
  switch (type) {
    case FrameType.HEADERS:
    case FrameType.CONTINUATION:
      requireStream(type, streamId)
      break
    case FrameType.SETTINGS:
      requireConnection(type, streamId)
      if (length > MAX_SETTINGS_BYTES) throw tooLarge(`a SETTINGS frame of ${length} bytes`)
      requireLength(type, flags & Flag.ACK ? length === 0 : length % 6 === 0)
      break
    case FrameType.PING:
      requireConnection(type, streamId)
      requireLength(type, length === 8)
      break
    case FrameType.GOAWAY:
      requireConnection(type, streamId)
      requireLength(type, length >= 8)
      if (length > MAX_GOAWAY_BYTES) throw tooLarge(`a GOAWAY frame of ${length} bytes`)
      break
    case FrameType.RST_STREAM:
      requireStream(type, streamId)
      requireLength(type, length === 4)
      break
    case FrameType.WINDOW_UPDATE:
      requireLength(type, length === 4)
      break
    case FrameType.PRIORITY:
      requireLength(type, length === 5)
      break
    case FrameType.PUSH_PROMISE:
      throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, 'a PUSH_PROMISE, though push is disabled')
  }
}

export function requireStream(type: number, streamId: number): void {
  if (streamId === 0) {
    throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, `frame type ${type} without a stream`)
  }
}

function requireConnection(type: number, streamId: number): void {
  if (streamId !== 0) {
    throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, `frame type ${type} on a stream`)
  }
}

export function requireLength(type: number, right: boolean): void {
  if (!right) {
    throw new ConnectionViolation(ErrorCode.FRAME_SIZE_ERROR, `frame type ${type} of a wrong length`)
  }
}

export function tooLarge(what: string): ConnectionViolation {
  return new ConnectionViolation(ErrorCode.ENHANCE_YOUR_CALM, new LimitError(`HTTP/2: the peer sent ${what}`))
}
