import type { Socket } from 'node:net'
import {
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  frame,
  headerBlock,
  MAX_FRAME_SIZE,
  MAX_WINDOW,
  PREFACE,
  SETTING,
  settingsFrame,
  windowUpdateFrame,
  writeFrameHeader,
} from './http2-wire.ts'

/** Bytes left in the socket's queue before the next frames wait for it to drain. */
const WRITE_AHEAD_BYTES = 1 << 20

const RESPONSE_HEADERS = headerBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
])
const STATUS_OK = headerBlock([['grpc-status', '0']])
const STATUS_UNIMPLEMENTED = headerBlock([
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-status', '12'],
  ['grpc-message', 'the replay server has no answer to this request'],
])

/** A prepared answer. `whole` holds one copy per peer frame size of everything from HEADERS to trailers. */
export class Answer {
  readonly messages: Buffer[]
  readonly dataBytes: number
  readonly #whole = new Map<number, { bytes: Buffer; streamIdsAt: number[] }>()

  constructor(messages: Buffer[]) {
    this.messages = messages
    this.dataBytes = messages.reduce((sum, message) => sum + message.length, 0)
  }

  /** The complete response on `streamId`, for answers small enough to be sent as one write. */
  whole(streamId: number, frameSize: number): Buffer {
    let template = this.#whole.get(frameSize)
    if (template === undefined) {
      template = this.#render(frameSize)
      this.#whole.set(frameSize, template)
    }
    const bytes = Buffer.allocUnsafe(template.bytes.length)
    template.bytes.copy(bytes)
    for (const at of template.streamIdsAt) bytes.writeUInt32BE(streamId, at)
    return bytes
  }

  #render(frameSize: number): { bytes: Buffer; streamIdsAt: number[] } {
    const frames = [frame(FRAME.headers, FLAG.endHeaders, 0, RESPONSE_HEADERS)]
    for (const message of this.messages) {
      for (let at = 0; at < message.length; at += frameSize) {
        frames.push(frame(FRAME.data, 0, 0, message.subarray(at, at + frameSize)))
      }
    }
    frames.push(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 0, STATUS_OK))
    let offset = 0
    const streamIdsAt = frames.map((bytes) => {
      offset += bytes.length
      return offset - bytes.length + 5
    })
    return { bytes: Buffer.concat(frames), streamIdsAt }
  }
}

/** Answers of at most this many bytes go out as one write when the windows allow it. */
const WHOLE_ANSWER_BYTES = 256 * 1024

interface Stream {
  id: number
  request: Buffer | null
  window: number
  answer: Answer | null
  message: number
  offset: number
}

/**
 * The server's end of one HTTP/2 connection. It reads frame headers, request bodies, SETTINGS,
 * WINDOW_UPDATE, PING and RST_STREAM, and never decodes a header block: which RPC is asked is told by
 * the request's own bytes, so any client's HPACK state can be ignored.
 */
export class ReplayConnection {
  readonly #socket: Socket
  readonly #choose: (request: Buffer) => Answer | null
  readonly #streams = new Map<number, Stream>()
  readonly #sending = new Set<Stream>()
  #unread: Buffer | null = null
  #prefaceRead = false
  #window = DEFAULT_WINDOW
  #initialWindow = DEFAULT_WINDOW
  #frameSize = DEFAULT_FRAME_SIZE
  #requestBytes = 0
  #out: Buffer[] = []

  constructor(socket: Socket, choose: (request: Buffer) => Answer | null) {
    this.#socket = socket
    this.#choose = choose
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('drain', () => this.#pump())
    socket.on('error', () => socket.destroy())
    socket.write(
      Buffer.concat([
        settingsFrame([
          [SETTING.headerTableSize, 0],
          [SETTING.initialWindowSize, MAX_WINDOW],
          [SETTING.maxFrameSize, MAX_FRAME_SIZE],
        ]),
        windowUpdateFrame(0, MAX_WINDOW - DEFAULT_WINDOW),
      ]),
    )
  }

  #read(chunk: Buffer): void {
    let bytes = this.#unread === null ? chunk : Buffer.concat([this.#unread, chunk])
    if (!this.#prefaceRead) {
      if (bytes.length < PREFACE.length) {
        this.#unread = bytes
        return
      }
      if (!bytes.subarray(0, PREFACE.length).equals(PREFACE)) return void this.#socket.destroy()
      this.#prefaceRead = true
      bytes = bytes.subarray(PREFACE.length)
    }
    let at = 0
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const length = bytes.readUIntBE(at, 3)
      const end = at + FRAME_HEADER_BYTES + length
      if (end > bytes.length) break
      this.#frame(
        bytes[at + 3]!,
        bytes[at + 4]!,
        bytes.readUInt32BE(at + 5) & 0x7fffffff,
        bytes,
        end - length,
        end,
      )
      at = end
    }
    this.#unread = at < bytes.length ? bytes.subarray(at) : null
    this.#pump()
    this.#flush()
  }

  #frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case FRAME.data:
        this.#data(flags, id, bytes, start, end)
        return
      case FRAME.headers: {
        const stream: Stream = {
          id,
          request: null,
          window: this.#initialWindow,
          answer: null,
          message: 0,
          offset: 0,
        }
        this.#streams.set(id, stream)
        if (flags & FLAG.endStream) this.#respond(stream)
        return
      }
      case FRAME.settings:
        if (!(flags & FLAG.ack)) this.#settings(bytes, start, end)
        return
      case FRAME.windowUpdate: {
        const increment = bytes.readUInt32BE(start) & 0x7fffffff
        if (id === 0) this.#window += increment
        else {
          const stream = this.#streams.get(id)
          if (stream !== undefined) stream.window += increment
        }
        return
      }
      case FRAME.ping:
        if (!(flags & FLAG.ack)) this.#out.push(frame(FRAME.ping, FLAG.ack, 0, bytes.subarray(start, end)))
        return
      case FRAME.resetStream: {
        const stream = this.#streams.get(id)
        if (stream !== undefined) this.#finish(stream)
      }
    }
  }

  #settings(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += 6) {
      const value = bytes.readUInt32BE(at + 2)
      switch (bytes.readUInt16BE(at)) {
        case SETTING.initialWindowSize:
          for (const stream of this.#streams.values()) stream.window += value - this.#initialWindow
          this.#initialWindow = value
          break
        case SETTING.maxFrameSize:
          this.#frameSize = value
      }
    }
    this.#out.push(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)))
  }

  #data(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.#requestBytes += end - start
    if (this.#requestBytes > MAX_WINDOW / 2) {
      this.#out.push(windowUpdateFrame(0, this.#requestBytes))
      this.#requestBytes = 0
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    const body =
      flags & FLAG.padded ? bytes.subarray(start + 1, end - bytes[start]!) : bytes.subarray(start, end)
    stream.request = stream.request === null ? body : Buffer.concat([stream.request, body])
    if (flags & FLAG.endStream) this.#respond(stream)
  }

  #respond(stream: Stream): void {
    const answer = this.#choose(stream.request ?? Buffer.alloc(0))
    stream.request = null
    if (answer === null) {
      this.#out.push(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream.id, STATUS_UNIMPLEMENTED))
      this.#finish(stream)
    } else if (
      answer.dataBytes <= WHOLE_ANSWER_BYTES &&
      answer.dataBytes <= stream.window &&
      answer.dataBytes <= this.#window
    ) {
      this.#window -= answer.dataBytes
      this.#out.push(answer.whole(stream.id, this.#frameSize))
      this.#finish(stream)
    } else {
      stream.answer = answer
      this.#sending.add(stream)
      this.#out.push(frame(FRAME.headers, FLAG.endHeaders, stream.id, RESPONSE_HEADERS))
    }
  }

  #finish(stream: Stream): void {
    this.#streams.delete(stream.id)
    this.#sending.delete(stream)
  }

  /** Sends what the windows and the socket take, one frame of each stream in turn. */
  #pump(): void {
    if (this.#sending.size === 0) return
    this.#flush()
    this.#socket.cork()
    let progressed = true
    while (progressed && this.#socket.writableLength < WRITE_AHEAD_BYTES) {
      progressed = false
      for (const stream of this.#sending) if (this.#sendFrame(stream)) progressed = true
    }
    this.#socket.uncork()
  }

  #sendFrame(stream: Stream): boolean {
    const messages = stream.answer!.messages
    const message = messages[stream.message]!
    const size = Math.min(this.#frameSize, message.length - stream.offset, stream.window, this.#window)
    if (size <= 0) return false
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, size, FRAME.data, 0, stream.id)
    this.#socket.write(header)
    this.#socket.write(message.subarray(stream.offset, stream.offset + size))
    stream.window -= size
    this.#window -= size
    stream.offset += size
    if (stream.offset === message.length) {
      stream.message++
      stream.offset = 0
      if (stream.message === messages.length) {
        this.#socket.write(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream.id, STATUS_OK))
        this.#finish(stream)
      }
    }
    return true
  }

  #flush(): void {
    if (this.#out.length === 0) return
    this.#socket.write(this.#out.length === 1 ? this.#out[0]! : Buffer.concat(this.#out))
    this.#out = []
  }
}
