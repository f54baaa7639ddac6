import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  readUint32,
  Setting,
} from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

/** What the peer allows us to send: RFC 9113, section 6.5.2. */
export class PeerSettings {
  maxConcurrentStreams = Number.POSITIVE_INFINITY
  initialWindow = DEFAULT_WINDOW
  maxFrameSize = DEFAULT_FRAME_SIZE
  maxHeaderListBytes = Number.POSITIVE_INFINITY

  /** Applies the entries of a SETTINGS frame in order. Unknown ones are ignored, as the RFC asks. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at += 6) {
      const value = readUint32(bytes, at + 2)
      switch ((bytes[at] << 8) | bytes[at + 1]) {
        case Setting.ENABLE_PUSH:
          if (value !== 0) throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, 'a server enabled push')
          break
        case Setting.MAX_CONCURRENT_STREAMS:
          this.maxConcurrentStreams = value
          break
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > MAX_WINDOW) {
            throw new ConnectionViolation(ErrorCode.FLOW_CONTROL_ERROR, `an initial window of ${value} bytes`)
          }
          this.initialWindow = value
          break
        case Setting.MAX_FRAME_SIZE:
          if (value < DEFAULT_FRAME_SIZE || value > MAX_FRAME_SIZE) {
            throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, `a maximum frame size of ${value} bytes`)
          }
          this.maxFrameSize = value
          break
        case Setting.MAX_HEADER_LIST_SIZE:
          this.maxHeaderListBytes = value
          break
      }
    }
  }
}
