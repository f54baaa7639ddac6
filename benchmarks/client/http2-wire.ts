/**
 * The few bytes of HTTP/2 (RFC 9113) and gRPC that the replay server and the floor program write. They
 * share nothing with `src/transport/native`, so that a fault there cannot hide in its own yardstick.
 */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const FRAME_HEADER_BYTES = 9
export const GRPC_PREFIX_BYTES = 5
export const DEFAULT_WINDOW = 65_535
export const MAX_WINDOW = 2 ** 31 - 1
export const DEFAULT_FRAME_SIZE = 16_384
export const MAX_FRAME_SIZE = 2 ** 24 - 1

export const FRAME = {
  data: 0x0,
  headers: 0x1,
  resetStream: 0x3,
  settings: 0x4,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const

export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
} as const

export function writeFrameHeader(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  target.writeUIntBE(length, at, 3)
  target[at + 3] = type
  target[at + 4] = flags
  target.writeUInt32BE(streamId, at + 5)
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length)
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

export function settingsFrame(settings: ReadonlyArray<readonly [id: number, value: number]>): Buffer {
  const payload = Buffer.alloc(settings.length * 6)
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6)
    payload.writeUInt32BE(value, index * 6 + 2)
  })
  return frame(FRAME.settings, 0, 0, payload)
}

export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(increment)
  return frame(FRAME.windowUpdate, 0, streamId, payload)
}

/** Header fields as literals without indexing and without Huffman coding (RFC 7541, section 6.2.2). */
export function headerBlock(fields: ReadonlyArray<readonly [name: string, value: string]>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) {
    parts.push(Buffer.from([0]), literal(name), literal(value))
  }
  return Buffer.concat(parts)
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length >= 127) throw new RangeError(`a header of ${bytes.length} bytes needs a multi-byte length`)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

/** One gRPC message: the uncompressed flag, its length, its bytes. */
export function grpcMessage(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(GRPC_PREFIX_BYTES + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, GRPC_PREFIX_BYTES)
  return bytes
}
