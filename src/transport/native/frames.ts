/** The frame layer of HTTP/2 as constants and writers: RFC 9113, sections 3.4, 4.1, 6 and 6.5.2. */

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const Flag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
export const FRAME_HEADER_BYTES = 9
/** The initial window and frame size of either side until its SETTINGS say otherwise. */
export const DEFAULT_WINDOW = 65_535
export const DEFAULT_FRAME_SIZE = 16_384
export const MAX_FRAME_SIZE = 2 ** 24 - 1
/** The largest window and the largest stream id. */
export const MAX_WINDOW = 2 ** 31 - 1

/** Writes the nine bytes before a frame's payload and returns where the payload begins. */
export function writeFrameHeader(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  target[at] = length >>> 16
  target[at + 1] = length >>> 8
  target[at + 2] = length
  target[at + 3] = type
  target[at + 4] = flags
  return writeUint32(target, at + 5, streamId)
}

export function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
  return at + 4
}

export function readUint32(source: Uint8Array, at: number): number {
  return ((source[at] << 24) | (source[at + 1] << 16) | (source[at + 2] << 8) | source[at + 3]) >>> 0
}

/** As `readUint32` without the reserved first bit, as in stream ids and window increments. */
export function readUint31(source: Uint8Array, at: number): number {
  return readUint32(source, at) & 0x7fffffff
}

/**
 * What a client says first: preface, SETTINGS and a WINDOW_UPDATE that opens the connection's receive
 * window from its default to the largest there is.
 */
export function clientPreface(settings: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const bytes = Buffer.alloc(PREFACE.length + 2 * FRAME_HEADER_BYTES + settings.length * 6 + 4)
  let at = bytes.write(PREFACE, 'latin1')
  at = writeFrameHeader(bytes, at, settings.length * 6, FrameType.SETTINGS, 0, 0)
  for (const [id, value] of settings) {
    bytes[at] = id >>> 8
    bytes[at + 1] = id
    at = writeUint32(bytes, at + 2, value)
  }
  at = writeFrameHeader(bytes, at, 4, FrameType.WINDOW_UPDATE, 0, 0)
  writeUint32(bytes, at, MAX_WINDOW - DEFAULT_WINDOW)
  return bytes
}
