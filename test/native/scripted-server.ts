import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import {
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  readUint31,
  writeFrameHeader,
} from '../../src/transport/native/frames.ts'
import { HpackDecoder } from '../../src/transport/native/hpack-decoder.ts'
import { encodeFields } from '../../src/transport/native/hpack-encoder.ts'

/** A frame the client sent. */
export interface ReceivedFrame {
  type: number
  flags: number
  streamId: number
  payload: Buffer
}

/** A frame in bytes. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(),
): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length)
  bytes.set(payload, writeFrameHeader(bytes, 0, payload.length, type, flags, streamId))
  return bytes
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * i)
  return bytes
}

export function settings(entries: ReadonlyArray<readonly [id: number, value: number]> = []): Buffer {
  const payload = Buffer.alloc(6 * entries.length)
  for (const [i, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  }
  return frame(FrameType.SETTINGS, 0, 0, payload)
}

export const settingsAck = () => frame(FrameType.SETTINGS, Flag.ACK, 0)

/** A HEADERS frame; fields are encoded without the dynamic table. */
export function headers(
  streamId: number,
  fields: ReadonlyArray<readonly [name: string, value: string]>,
  flags: number = Flag.END_HEADERS,
): Buffer {
  return frame(FrameType.HEADERS, flags, streamId, encodeFields(fields).bytes)
}

export const RESPONSE: ReadonlyArray<readonly [string, string]> = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]

export const responseHeaders = (streamId: number) => headers(streamId, RESPONSE)

export function trailers(
  streamId: number,
  fields: ReadonlyArray<readonly [string, string]> = [['grpc-status', '0']],
) {
  return headers(streamId, fields, Flag.END_HEADERS | Flag.END_STREAM)
}

/** A gRPC message with its prefix. */
export function message(bytes: Uint8Array | string, compressed = false): Buffer {
  const body = Buffer.from(bytes as Uint8Array)
  return Buffer.concat([Buffer.from([compressed ? 1 : 0]), uint32(body.length), body])
}

export const data = (streamId: number, payload: Uint8Array, flags = 0) =>
  frame(FrameType.DATA, flags, streamId, payload)

/** A whole response with one message. */
export function response(streamId: number, text: string): Buffer {
  return Buffer.concat([responseHeaders(streamId), data(streamId, message(text)), trailers(streamId)])
}

export const goaway = (lastStreamId: number, code: number, debug = '') =>
  frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(lastStreamId, code), Buffer.from(debug)]))

export const reset = (streamId: number, code: number) =>
  frame(FrameType.RST_STREAM, 0, streamId, uint32(code))

export const ping = (flags = 0, payload: Uint8Array = Buffer.alloc(8)) =>
  frame(FrameType.PING, flags, 0, payload)

export const windowUpdate = (streamId: number, increment: number) =>
  frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(increment))

/** One client connection as its script sees it. */
export class ScriptedConnection {
  readonly socket: Socket
  /** Every frame the client sent so far, preface aside. */
  readonly frames: ReceivedFrame[] = []
  readonly #hpack = new HpackDecoder(1 << 20)
  #unread = Buffer.alloc(0)
  #prefaceLeft = PREFACE.length
  #next = 0
  #wakers: Array<() => void> = []
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#wakeAll()
    })
  }

  send(...frames: Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames))
  }

  /** Sends the bytes one by one, each in a segment of its own as far as the kernel lets them be. */
  async sendBytewise(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      this.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** SETTINGS and the acknowledgement of the client's. */
  greet(entries: ReadonlyArray<readonly [id: number, value: number]> = []): void {
    this.send(settings(entries), settingsAck())
  }

  /** The next frame that `wanted` accepts, skipping others; undefined once the connection is closed. */
  async next(wanted: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame | undefined> {
    for (;;) {
      while (this.#next < this.frames.length) {
        const candidate = this.frames[this.#next++]
        if (wanted(candidate)) return candidate
      }
      if (this.closed) return undefined
      await this.#change()
    }
  }

  /** The first frame of a type the client ever sent; for tests, while the script takes its own turn. */
  async seen(type: number, flags?: number): Promise<ReceivedFrame | undefined> {
    for (;;) {
      const found = this.frames.find(
        (sent) => sent.type === type && (flags === undefined || sent.flags === flags),
      )
      if (found !== undefined || this.closed) return found
      await this.#change()
    }
  }

  nextOf(type: number, flags?: number): Promise<ReceivedFrame | undefined> {
    return this.next((found) => found.type === type && (flags === undefined || found.flags === flags))
  }

  /** The stream id of the next request whose sending side is closed. */
  async request(): Promise<number> {
    const end = await this.next(
      ({ type, flags }) =>
        (type === FrameType.DATA || type === FrameType.HEADERS) && (flags & Flag.END_STREAM) !== 0,
    )
    if (end === undefined) throw new Error('the client closed the connection before it sent a request')
    return end.streamId
  }

  /** Fields of a HEADERS frame with END_HEADERS; call once per frame, in order. */
  fields(headersFrame: ReceivedFrame): Map<string, string> {
    const list = this.#hpack.decode(headersFrame.payload, 0, headersFrame.payload.length)
    const fields = new Map<string, string>()
    for (let i = 0; i < list.length; i += 2) fields.set(list[i], list[i + 1])
    return fields
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve))
  }

  #wakeAll(): void {
    for (const wake of this.#wakers.splice(0)) wake()
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk])
    if (this.#prefaceLeft > 0) {
      const skipped = Math.min(this.#prefaceLeft, this.#unread.length)
      this.#prefaceLeft -= skipped
      this.#unread = this.#unread.subarray(skipped)
    }
    while (this.#unread.length >= FRAME_HEADER_BYTES) {
      const length = this.#unread.readUIntBE(0, 3)
      if (this.#unread.length < FRAME_HEADER_BYTES + length) break
      this.frames.push({
        type: this.#unread[3],
        flags: this.#unread[4],
        streamId: readUint31(this.#unread, 5),
        payload: this.#unread.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length),
      })
      this.#unread = this.#unread.subarray(FRAME_HEADER_BYTES + length)
    }
    this.#wakeAll()
  }
}

/** Plays one connection; `index` counts connections from 0. What it throws fails the test's `failure`. */
export type Script = (connection: ScriptedConnection, index: number) => void | Promise<void>

/**
 * A server that does exactly what a script says, byte by byte if need be: for what no well-behaved server
 * does.
 */
export class ScriptedServer {
  readonly connections: ScriptedConnection[] = []
  /** What scripts threw; tests expect it to be empty. */
  readonly failures: unknown[] = []
  readonly #server: Server
  #port = 0

  private constructor(script: Script) {
    this.#server = createServer((socket) => {
      socket.setNoDelay(true)
      const connection = new ScriptedConnection(socket)
      this.connections.push(connection)
      Promise.resolve(script(connection, this.connections.length - 1)).catch((error) =>
        this.failures.push(error),
      )
    })
  }

  static async start(
    script: Script,
    listen: { port: number; host: string } | { path: string } | undefined = undefined,
  ) {
    const server = new ScriptedServer(script)
    server.#server.listen(listen ?? { port: 0, host: '127.0.0.1' })
    await once(server.#server, 'listening')
    const address = server.#server.address() as AddressInfo | string
    server.#port = typeof address === 'string' ? -1 : address.port
    return server
  }

  get port(): number {
    return this.#port
  }

  stop(): void {
    this.#server.close()
    for (const { socket } of this.connections) socket.destroy()
  }
}
