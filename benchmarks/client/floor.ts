import { connect, type Socket } from 'node:net'
import {
  DEFAULT_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  frame,
  GRPC_PREFIX_BYTES,
  grpcMessage,
  headerBlock,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  PREFACE,
  SETTING,
  settingsFrame,
  windowUpdateFrame,
} from './http2-wire.ts'

const READ_BUFFER_BYTES = 256 * 1024
const STREAM_WINDOW_BYTES = 16 << 20

interface Stream {
  id: number
  /** Payload bytes of complete messages. */
  bytes: number
  /** The gRPC prefix of the message under way, and how much of it has arrived. */
  prefix: Buffer
  prefixBytes: number
  message: Buffer | null
  messageBytes: number
  unacknowledged: number
  resolve(bytes: number): void
}

/**
 * The least that a Flight query over HTTP/2 can cost in Node: one write per request, one reused read
 * buffer, each DATA byte copied once into the message it belongs to, nothing decoded, nothing checked.
 * It trusts its server and is no client to use; it is the yardstick the native transport is held to.
 */
export class FloorClient {
  readonly #socket: Socket
  readonly #streams = new Map<number, Stream>()
  readonly #requestHeaders: Buffer
  #nextId = 1
  #received = 0
  // The frame under way: its header may arrive in pieces, its payload nearly always does.
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerBytes = 0
  #payloadLeft = 0

  static open(port: number): Promise<FloorClient> {
    return new Promise((resolve, reject) => {
      const client = new FloorClient(port, () => resolve(client))
      client.#socket.once('error', reject)
    })
  }

  private constructor(port: number, connected: () => void) {
    this.#requestHeaders = headerBlock([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/arrow.flight.protocol.FlightService/DoGet'],
      [':authority', `127.0.0.1:${port}`],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ])
    this.#socket = connect(
      {
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
          callback: (length, buffer) => {
            this.#read(buffer as Buffer, length)
            return true
          },
        },
      },
      connected,
    )
    this.#socket.write(
      Buffer.concat([
        PREFACE,
        settingsFrame([
          [SETTING.headerTableSize, 0],
          [SETTING.enablePush, 0],
          [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
          [SETTING.maxFrameSize, MAX_FRAME_SIZE],
        ]),
        windowUpdateFrame(0, MAX_WINDOW - DEFAULT_WINDOW),
      ]),
    )
  }

  /** Sends DoGet with a prepared `Ticket`; resolves with the payload bytes of the answer. */
  query(ticket: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      const id = this.#nextId
      this.#nextId += 2
      this.#streams.set(id, {
        id,
        bytes: 0,
        prefix: Buffer.allocUnsafe(GRPC_PREFIX_BYTES),
        prefixBytes: 0,
        message: null,
        messageBytes: 0,
        unacknowledged: 0,
        resolve,
      })
      this.#socket.write(
        Buffer.concat([
          frame(FRAME.headers, FLAG.endHeaders, id, this.#requestHeaders),
          frame(FRAME.data, FLAG.endStream, id, grpcMessage(ticket)),
        ]),
      )
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(buffer: Buffer, length: number): void {
    let at = 0
    while (at < length) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        const take = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, length - at)
        buffer.copy(this.#header, this.#headerBytes, at, at + take)
        this.#headerBytes += take
        at += take
        if (this.#headerBytes < FRAME_HEADER_BYTES) return
        this.#payloadLeft = this.#header.readUIntBE(0, 3)
      }
      const take = Math.min(this.#payloadLeft, length - at)
      if (this.#header[3] === FRAME.data) this.#data(buffer, at, at + take)
      this.#payloadLeft -= take
      at += take
      if (this.#payloadLeft === 0) {
        this.#headerBytes = 0
        this.#frameEnd(this.#header[3]!, this.#header[4]!)
      }
    }
  }

  #frameEnd(type: number, flags: number): void {
    if (type === FRAME.headers && flags & FLAG.endStream) {
      const id = this.#header.readUInt32BE(5)
      const stream = this.#streams.get(id)!
      this.#streams.delete(id)
      stream.resolve(stream.bytes)
    } else if (type === FRAME.settings && !(flags & FLAG.ack)) {
      this.#socket.write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)))
    }
  }

  #data(buffer: Buffer, start: number, end: number): void {
    const stream = this.#streams.get(this.#header.readUInt32BE(5))!
    this.#grantWindow(stream, end - start)
    let at = start
    while (at < end) {
      if (stream.message === null) {
        const take = Math.min(GRPC_PREFIX_BYTES - stream.prefixBytes, end - at)
        buffer.copy(stream.prefix, stream.prefixBytes, at, at + take)
        stream.prefixBytes += take
        at += take
        if (stream.prefixBytes < GRPC_PREFIX_BYTES) return
        stream.message = Buffer.allocUnsafe(stream.prefix.readUInt32BE(1))
        stream.messageBytes = 0
      }
      const take = Math.min(stream.message.length - stream.messageBytes, end - at)
      buffer.copy(stream.message, stream.messageBytes, at, at + take)
      stream.messageBytes += take
      at += take
      if (stream.messageBytes === stream.message.length) {
        stream.bytes += stream.message.length
        stream.message = null
        stream.prefixBytes = 0
      }
    }
  }

  #grantWindow(stream: Stream, bytes: number): void {
    stream.unacknowledged += bytes
    this.#received += bytes
    if (stream.unacknowledged > STREAM_WINDOW_BYTES / 2) {
      this.#socket.write(windowUpdateFrame(stream.id, stream.unacknowledged))
      stream.unacknowledged = 0
    }
    if (this.#received > MAX_WINDOW / 2) {
      this.#socket.write(windowUpdateFrame(0, this.#received))
      this.#received = 0
    }
  }
}
