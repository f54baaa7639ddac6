import { LimitError } from '../../src/errors.ts'
import { Flag, FrameType, Setting } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import {
  data,
  frame,
  headers,
  message,
  RESPONSE,
  reset,
  responseHeaders,
  settings,
  uint32,
  windowUpdate,
} from './scripted-server.ts'

const {
  DATA,
  HEADERS,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  PUSH_PROMISE,
  PING,
  GOAWAY,
  WINDOW_UPDATE,
  CONTINUATION,
} = FrameType
const MAX = 2 ** 31 - 1

/** A fault that ends the connection. */
interface FaultCase {
  /** What the peer sends once two requests are there, on streams 1 and 3. */
  sends: Buffer[]
  code: number
  says: RegExp
  error?: typeof LimitError
}

const block = (bytes: number[], flags: number = Flag.END_HEADERS) =>
  frame(HEADERS, flags, 1, Buffer.from(bytes))
const huge = (type: number, streamId: number, length: number) => {
  const bytes = frame(type, 0, streamId)
  bytes.writeUIntBE(length, 0, 3)
  return bytes
}

const protocol = (sends: Buffer[], says: RegExp): FaultCase => ({
  sends,
  says,
  code: ErrorCode.PROTOCOL_ERROR,
})
const wrongSize = (sends: Buffer): FaultCase => ({
  sends: [sends],
  says: /of a wrong length/,
  code: ErrorCode.FRAME_SIZE_ERROR,
})
const overflow = (sends: Buffer[], says: RegExp): FaultCase => ({
  sends,
  says,
  code: ErrorCode.FLOW_CONTROL_ERROR,
})
const compression = (sends: Buffer[], says: RegExp): FaultCase => ({
  sends,
  says,
  code: ErrorCode.COMPRESSION_ERROR,
})
const bomb = (sends: Buffer[], says: RegExp): FaultCase => ({
  sends,
  says,
  code: ErrorCode.ENHANCE_YOUR_CALM,
  error: LimitError,
})

/** Faults after which a client has to give its connection up: RFC 9113 and RFC 7541, and our own limits. */
export const CONNECTION_FAULTS: Record<string, FaultCase> = {
  // Frames where they do not belong.
  'DATA without a stream': protocol([data(0, message('x'))], /without a stream/),
  'HEADERS without a stream': protocol([headers(0, RESPONSE)], /without a stream/),
  'RST_STREAM without a stream': protocol([reset(0, 0)], /without a stream/),
  'SETTINGS on a stream': protocol([frame(SETTINGS, 0, 1)], /on a stream/),
  'PING on a stream': protocol([frame(PING, 0, 1, Buffer.alloc(8))], /on a stream/),
  'GOAWAY on a stream': protocol([frame(GOAWAY, 0, 1, Buffer.alloc(8))], /on a stream/),
  PUSH_PROMISE: protocol(
    [frame(PUSH_PROMISE, Flag.END_HEADERS, 1, Buffer.concat([uint32(2), headers(2, RESPONSE).subarray(9)]))],
    /PUSH_PROMISE/,
  ),
  'DATA on a stream nobody opened': protocol([data(99, message('x'))], /stream 99/),
  'HEADERS on a stream nobody opened': protocol([responseHeaders(99)], /stream 99/),
  'HEADERS on an even stream': protocol([responseHeaders(2)], /stream 2/),
  'RST_STREAM on a stream nobody opened': protocol([reset(99, 0)], /stream 99/),
  'WINDOW_UPDATE on a stream nobody opened': protocol([windowUpdate(99, 1)], /stream 99/),
  'CONTINUATION of nothing': protocol([frame(CONTINUATION, Flag.END_HEADERS, 1)], /continues nothing/),
  'HEADERS in the middle of a header block': protocol([block([], 0), responseHeaders(3)], /interrupted/),
  'DATA in the middle of a header block': protocol([block([], 0), data(1, Buffer.alloc(1))], /interrupted/),
  'an unknown frame in the middle of a header block': protocol(
    [block([], 0), frame(0xbe, 0, 0)],
    /interrupted/,
  ),
  'CONTINUATION of another stream': protocol(
    [block([], 0), frame(CONTINUATION, Flag.END_HEADERS, 3)],
    /interrupted/,
  ),
  // Frames of a wrong size.
  'SETTINGS whose acknowledgement has content': wrongSize(frame(SETTINGS, Flag.ACK, 0, Buffer.alloc(6))),
  'SETTINGS of five bytes': wrongSize(frame(SETTINGS, 0, 0, Buffer.alloc(5))),
  'PING of seven bytes': wrongSize(frame(PING, 0, 0, Buffer.alloc(7))),
  'RST_STREAM of three bytes': wrongSize(frame(RST_STREAM, 0, 1, Buffer.alloc(3))),
  'WINDOW_UPDATE of five bytes': wrongSize(frame(WINDOW_UPDATE, 0, 1, Buffer.alloc(5))),
  'GOAWAY of seven bytes': wrongSize(frame(GOAWAY, 0, 0, Buffer.alloc(7))),
  'PRIORITY of four bytes': wrongSize(frame(PRIORITY, 0, 1, Buffer.alloc(4))),
  'DATA padded beyond its end': protocol(
    [responseHeaders(1), frame(DATA, Flag.PADDED, 1, Buffer.of(3, 0, 0))],
    /padding/,
  ),
  'HEADERS padded beyond their end': protocol([block([9, 0x88], Flag.PADDED | Flag.END_HEADERS)], /padding/),
  'HEADERS too short for their priority': protocol(
    [block([0, 0, 0], Flag.PRIORITY | Flag.END_HEADERS)],
    /padding/,
  ),
  // Windows and settings.
  'a connection window update of nothing': protocol([windowUpdate(0, 0)], /update of nothing/),
  'a connection window beyond 2^31-1': overflow([windowUpdate(0, MAX)], /beyond 2\^31-1/),
  'stream windows beyond 2^31-1 by SETTINGS': overflow(
    [windowUpdate(1, MAX - 65_535), settings([[Setting.INITIAL_WINDOW_SIZE, MAX]])],
    /beyond 2\^31-1/,
  ),
  'an initial window of 2^31': overflow(
    [settings([[Setting.INITIAL_WINDOW_SIZE, 2 ** 31]])],
    /initial window/,
  ),
  'a maximum frame size below 16 384': protocol([settings([[Setting.MAX_FRAME_SIZE, 16_383]])], /frame size/),
  'a maximum frame size of 2^24': protocol([settings([[Setting.MAX_FRAME_SIZE, 2 ** 24]])], /frame size/),
  'SETTINGS that enable push': protocol([settings([[Setting.ENABLE_PUSH, 1]])], /push/),
  // Header compression.
  'HPACK index 0': compression([block([0x80])], /index 0/),
  'an HPACK index outside the table': compression([block([0xff, 0x20])], /outside the table/),
  'an HPACK integer without end': compression(
    [block([0xff, ...Array(9).fill(0xff), 1])],
    /integer is too large/,
  ),
  'an HPACK integer cut short': compression([block([0xff])], /cut short/),
  'an HPACK string longer than its block': compression(
    [block([0x00, 0x7f, 0xff, 0xff, 0xff, 0x07, 97])],
    /string|integer/,
  ),
  'an HPACK table above what was advertised': compression([block([0x3f, 0xe2, 0x1f])], /table size/),
  'an HPACK table size after a field': compression([block([0x88, 0x20])], /after a header field/),
  'invalid Huffman code': compression([block([0x00, 0x81, 0x00, 0x01, 97])], /Huffman/),
  'Huffman code with the end of string in it': compression(
    [block([0x00, 0x84, 255, 255, 255, 255, 1, 97])],
    /Huffman/,
  ),
  // What is too much.
  'a header block above its limit in one frame': bomb(
    [huge(HEADERS, 1, 300_000)],
    /header block of more than/,
  ),
  'a header block above its limit in pieces': bomb(
    [block([], 0), ...Array.from({ length: 5 }, () => frame(CONTINUATION, 0, 1, Buffer.alloc(60_000, 0x88)))],
    /header block of more than/,
  ),
  'a flood of empty CONTINUATION frames': bomb(
    [block([], 0), ...Array.from({ length: 70 }, () => frame(CONTINUATION, 0, 1))],
    /in more than \d+ frames/,
  ),
  'SETTINGS of a megabyte': bomb([huge(SETTINGS, 0, 1_200_000)], /SETTINGS frame of/),
  'GOAWAY of a megabyte': bomb([huge(GOAWAY, 0, 1_200_000)], /GOAWAY frame of/),
}
