import type { Socket } from 'node:net'
import { LimitError, ProtocolError, SidecarError } from '../../errors.ts'
import type { TransportStats } from '../transport.ts'
import type { NativeCall, StreamOwner } from './call.ts'
import type { Receiver } from './dial.ts'
import { FrameReader, type FrameSink, notHttp2 } from './frame-reader.ts'
import { clientPreface, Flag, FrameType, MAX_FRAME_SIZE, MAX_WINDOW, readUint32, Setting } from './frames.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { ConnectionViolation, ErrorCode, errorCodeName } from './http2-error.ts'
import { KeepAlive, type KeepAliveOptions, type KeepAliveSubject } from './keep-alive.ts'
import { NO_METADATA } from './metadata.ts'
import { Outgoing } from './outgoing.ts'
import { PeerSettings } from './peer-settings.ts'
import { writeRequest } from './request-writer.ts'
import { SendQueue } from './send-queue.ts'
import { lostError, resetError } from './status.ts'

/** Largest response header list, counted as RFC 9113, section 6.5.2, says. */
const MAX_HEADER_LIST_BYTES = 256 * 1024
/** Answers (to PING, SETTINGS, resets) the peer may leave unread. */
const MAX_UNREAD_ANSWER_BYTES = 128 * 1024
/** Frames without use that a peer may send within ten seconds when nothing useful comes between. */
const MAX_IDLE_FRAMES = 10_000
const IDLE_FRAMES_PERIOD_MS = 10_000
/** DATA on ended streams taken without complaint, beyond what their windows allowed. */
const STRAY_BYTES = 1024 * 1024
/** Granted receive window of the connection below which it is opened again. */
const CONNECTION_LOW_WATER = 2 ** 30
/** How long a closed connection may take to say goodbye. */
const FAREWELL_MS = 500

export interface ConnectionOptions extends KeepAliveOptions {
  streamWindowBytes: number
  connectTimeoutMs: number
}

export interface ConnectionOwner {
  readonly stats: TransportStats
  /** The peer's SETTINGS came: it speaks HTTP/2. */
  onReady(connection: NativeConnection): void
  /** There may be room for another call. */
  onRoom(): void
  /** No further calls may be opened on it; `error` says why when that was not its owner's wish. */
  onGone(connection: NativeConnection, error: SidecarError | undefined): void
}

/** One HTTP/2 connection and its streams: RFC 9113 as far as a gRPC client meets it. */
export class NativeConnection implements FrameSink, KeepAliveSubject, StreamOwner {
  readonly #socket: Socket
  readonly #where: string
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #out: Outgoing
  readonly #peer = new PeerSettings()
  readonly #sendQueue: SendQueue
  readonly #reader: FrameReader
  readonly #hpack = new HpackDecoder(MAX_HEADER_LIST_BYTES)
  readonly #keepAlive: KeepAlive
  readonly #streams = new Map<number, NativeCall>()
  #nextId = 1
  /** Why the connection is over or takes no more calls. */
  #over = false
  #leaving = false
  #farewell: string | undefined
  #socketError: Error | undefined
  #ready = false
  #settingsTimer: NodeJS.Timeout | undefined
  #settingsAcknowledged = false
  // Receiving.
  #receiveWindow = MAX_WINDOW
  #strayBytes = STRAY_BYTES
  #dataCall: NativeCall | undefined
  #dataUncredited = 0
  #idleFrames = 0
  #idleFramesSince = 0
  #answerBytes = 0

  constructor(
    socket: Socket,
    receiver: Receiver,
    where: string,
    options: ConnectionOptions,
    owner: ConnectionOwner,
  ) {
    this.#socket = socket
    this.#where = where
    this.#options = options
    this.#owner = owner
    this.#out = new Outgoing(socket, owner.stats)
    this.#sendQueue = new SendQueue(this.#out, this.#peer)
    this.#reader = new FrameReader(this)
    this.#keepAlive = new KeepAlive(options, this)
    receiver.onBytes = (bytes, length) => this.#onBytes(bytes, length)
    socket.on('drain', () => this.#sendQueue.run())
    socket.on('error', (error) => {
      this.#socketError = error
    })
    socket.on('end', () => this.#lose('the peer closed it'))
    socket.on('close', () => this.#lose(this.#socketError?.message ?? 'the socket was closed'))
    this.#out.bytes(
      clientPreface([
        [Setting.ENABLE_PUSH, 0],
        [Setting.INITIAL_WINDOW_SIZE, options.streamWindowBytes],
        [Setting.MAX_FRAME_SIZE, MAX_FRAME_SIZE],
        [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
      ]),
    )
    this.#out.schedule()
    this.#settingsTimer = setTimeout(() => this.#onSettingsTimeout(), options.connectTimeoutMs)
    this.#settingsTimer.unref()
  }

  get ready(): boolean {
    return this.#ready && !this.#leaving
  }

  get calls(): number {
    return this.#streams.size
  }

  get busy(): boolean {
    return this.#streams.size > 0 || this.#keepAlive.verifying
  }

  /**
   * Whether a call may be opened now. Before the peer's SETTINGS one goes ahead, which saves the first
   * query a round trip; more could be refused. A connection silent for long is verified first.
   */
  hasRoom(now: number): boolean {
    if (this.#leaving || this.#keepAlive.verifying) return false
    const open = this.#streams.size
    if (open >= (this.#ready ? this.#peer.maxConcurrentStreams : 1)) return false
    if (open === 0 && this.#keepAlive.isStale(now)) {
      this.#socket.ref()
      this.#keepAlive.verify()
      return false
    }
    return true
  }

  /** Sends the request of `call` or as much of it as may go. Only after `hasRoom`. */
  open(call: NativeCall, now: number): void {
    const listBytes = call.pathFields.listBytes + call.metadataFields.listBytes
    if (listBytes > this.#peer.maxHeaderListBytes) {
      const limit = this.#peer.maxHeaderListBytes
      const error = new LimitError(`request metadata of ${listBytes} bytes; the peer takes at most ${limit}`)
      process.nextTick(() => call.cancel(error))
      return
    }
    const id = this.#nextId
    this.#nextId += 2
    call.stream = this
    call.streamId = id
    call.sendWindow = this.#peer.initialWindow
    call.receiveWindow = this.#options.streamWindowBytes
    call.grantThreshold = this.#options.streamWindowBytes / 2
    this.#streams.set(id, call)
    this.#owner.stats.calls++
    if (this.#streams.size === 1) {
      this.#socket.ref()
      this.#keepAlive.watch()
    }
    writeRequest(call, now, this.#out, this.#sendQueue)
    this.#out.schedule()
    if (this.#nextId > MAX_WINDOW) this.#leave()
  }

  // StreamOwner: what calls ask.

  reset(call: NativeCall): void {
    this.#resetStream(call, ErrorCode.CANCEL)
  }

  grant(call: NativeCall, bytes: number): void {
    this.#answer(FrameType.WINDOW_UPDATE, call.streamId, bytes)
  }

  send(call: NativeCall): void {
    this.#sendQueue.add(call)
  }

  // KeepAliveSubject.

  sendPing(number: number): void {
    this.#out.frameHeader(8, FrameType.PING, 0, 0)
    this.#out.uint32(0)
    this.#out.uint32(number)
    this.#out.schedule()
  }

  onVerified(): void {
    this.#afterStream()
  }

  onSilent(afterMs: number): void {
    this.#lose(`the peer did not answer a PING within ${afterMs} ms`)
  }

  // Receiving.

  #onBytes(bytes: Buffer, length: number): void {
    if (this.#over) return
    const now = performance.now()
    this.#owner.stats.bytesReceived += length
    this.#keepAlive.received(now)
    if (now - this.#idleFramesSince > IDLE_FRAMES_PERIOD_MS) {
      this.#idleFramesSince = now
      this.#idleFrames = 0
    }
    try {
      this.#reader.read(bytes, length)
    } catch (error) {
      this.#violated(error)
    }
  }

  #violated(error: unknown): void {
    const violation =
      error instanceof ConnectionViolation
        ? error
        : new ConnectionViolation(
            ErrorCode.INTERNAL_ERROR,
            new ProtocolError('HTTP/2: a frame could not be processed', { cause: error }),
          )
    this.#goodbye(violation.code)
    this.#fail(() => violation.reason)
  }

  onSettings(acknowledges: boolean, bytes: Buffer, start: number, end: number): void {
    this.#countIdle()
    if (acknowledges) {
      this.#settingsAcknowledged = true
      clearTimeout(this.#settingsTimer)
      return
    }
    const before = this.#peer.initialWindow
    this.#peer.apply(bytes, start, end)
    const change = this.#peer.initialWindow - before
    this.#out.frameHeader(0, FrameType.SETTINGS, Flag.ACK, 0)
    this.#countAnswer(9)
    for (const call of this.#streams.values()) {
      call.sendWindow += change
      if (call.sendWindow > MAX_WINDOW) {
        throw new ConnectionViolation(ErrorCode.FLOW_CONTROL_ERROR, 'a stream window grew beyond 2^31-1')
      }
      this.#sendQueue.add(call)
    }
    if (this.#ready) this.#owner.onRoom()
    else {
      this.#ready = true
      this.#owner.onReady(this)
    }
  }

  onHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const fields = this.#hpack.decode(block, start, end)
    const call = this.#find(streamId)
    if (call === undefined) {
      this.#countIdle()
      return
    }
    this.#countUseful()
    let error: SidecarError | undefined
    if (this.#hpack.malformed !== undefined) {
      error = new ProtocolError(`HTTP/2: a malformed response: ${this.#hpack.malformed}`)
    } else if (this.#hpack.overflowed) {
      error = new LimitError(`the response has more than ${MAX_HEADER_LIST_BYTES} bytes of metadata`)
    } else if (endStream) {
      this.#close(call)
      if (!call.sentEnd) this.#sendReset(streamId, ErrorCode.CANCEL)
      error = call.onFields(fields, true)
      if (error !== undefined) call.finish(error, NO_METADATA)
      this.#afterStream()
      return
    } else error = call.onFields(fields, false)
    if (error !== undefined) this.#failStream(call, ErrorCode.PROTOCOL_ERROR, error)
  }

  onDataStart(streamId: number, length: number): void {
    this.#receiveWindow -= length
    if (this.#receiveWindow < CONNECTION_LOW_WATER) {
      this.#answer(FrameType.WINDOW_UPDATE, 0, MAX_WINDOW - this.#receiveWindow)
      this.#receiveWindow = MAX_WINDOW
    }
    this.#dataUncredited = length
    const call = this.#find(streamId)
    this.#dataCall = call
    if (call === undefined) {
      this.#strayBytes -= length
      if (this.#strayBytes < 0) {
        throw new ConnectionViolation(
          ErrorCode.STREAM_CLOSED,
          'the peer keeps sending on a stream that has ended',
        )
      }
      if (length === 0) this.#countIdle()
      return
    }
    call.receiveWindow -= length
    if (call.receiveWindow < 0) {
      const error = new ProtocolError('HTTP/2: the peer sent more than the window of its stream allows')
      this.#failStream(call, ErrorCode.FLOW_CONTROL_ERROR, error)
    } else if (!call.acceptsData) {
      this.#failStream(
        call,
        ErrorCode.PROTOCOL_ERROR,
        new ProtocolError('HTTP/2: DATA before the response headers'),
      )
    }
  }

  onDataBytes(bytes: Buffer, start: number, end: number): void {
    const call = this.#dataCall
    if (call === undefined || call.stream === null) return
    this.#countUseful()
    this.#dataUncredited -= end - start
    try {
      call.onData(bytes, start, end)
      call.credit(end - start)
    } catch (error) {
      const reason =
        error instanceof SidecarError
          ? error
          : new ProtocolError('gRPC: a message could not be read', { cause: error })
      this.#failStream(call, ErrorCode.CANCEL, reason)
    }
  }

  onDataEnd(_streamId: number, endStream: boolean): void {
    const call = this.#dataCall
    this.#dataCall = undefined
    if (call === undefined || call.stream === null) return
    if (endStream) {
      this.#close(call)
      if (!call.sentEnd) this.#sendReset(call.streamId, ErrorCode.CANCEL)
      call.finish(call.endWithoutTrailers(), NO_METADATA)
      this.#afterStream()
      return
    }
    if (this.#dataUncredited > 0) call.credit(this.#dataUncredited)
    else this.#countIdle()
  }

  onReset(streamId: number, code: number): void {
    const call = this.#find(streamId)
    this.#countIdle()
    if (call === undefined) return
    this.#close(call)
    call.finish(resetError(code), NO_METADATA)
    this.#afterStream()
  }

  onPing(acknowledges: boolean, bytes: Buffer, start: number): void {
    this.#countIdle()
    if (acknowledges) {
      if (readUint32(bytes, start) === 0) this.#keepAlive.acknowledged(readUint32(bytes, start + 4))
      return
    }
    this.#out.frameHeader(8, FrameType.PING, Flag.ACK, 0)
    this.#out.uint32(readUint32(bytes, start))
    this.#out.uint32(readUint32(bytes, start + 4))
    this.#countAnswer(17)
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#countIdle()
    const words = debug === '' ? '' : ` ("${debug}")`
    this.#farewell = `the peer is going away (GOAWAY ${errorCodeName(code)}${words})`
    const refused = [...this.#streams.values()].filter((call) => call.streamId > lastStreamId)
    for (const call of refused) this.#close(call)
    this.#leave()
    for (const call of refused) call.finish(lostError(this.#where, this.#farewell, true), NO_METADATA)
    this.#afterStream()
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#countIdle()
    if (streamId === 0) {
      if (increment === 0)
        throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, 'a window update of nothing')
      this.#sendQueue.widen(increment)
      return
    }
    const call = this.#find(streamId)
    if (call === undefined) return
    call.sendWindow += increment
    if (increment === 0) {
      this.#failStream(
        call,
        ErrorCode.PROTOCOL_ERROR,
        new ProtocolError('HTTP/2: a window update of nothing'),
      )
    } else if (call.sendWindow > MAX_WINDOW) {
      const error = new ProtocolError('HTTP/2: a stream window grew beyond 2^31-1')
      this.#failStream(call, ErrorCode.FLOW_CONTROL_ERROR, error)
    } else this.#sendQueue.add(call)
  }

  onIgnored(): void {
    this.#countIdle()
  }

  // Ending streams and the connection.

  /** Ends the connection with `error` for its calls; resolves once the socket is closed. */
  close(error: SidecarError): Promise<void> {
    if (!this.#over) {
      this.#goodbye(ErrorCode.NO_ERROR)
      this.#fail(() => error)
    }
    if (this.#socket.closed) return Promise.resolve()
    return new Promise((resolve) => this.#socket.once('close', () => resolve()))
  }

  /** Whether the peer ever showed that it speaks HTTP/2. */
  get wasReady(): boolean {
    return this.#ready
  }

  get verifying(): boolean {
    return this.#keepAlive.verifying
  }

  get leaving(): boolean {
    return this.#leaving
  }

  #find(streamId: number): NativeCall | undefined {
    const call = this.#streams.get(streamId)
    if (call === undefined && ((streamId & 1) === 0 || streamId >= this.#nextId)) {
      throw new ConnectionViolation(
        ErrorCode.PROTOCOL_ERROR,
        `a frame on stream ${streamId}, which was never opened`,
      )
    }
    return call
  }

  #close(call: NativeCall): void {
    this.#streams.delete(call.streamId)
    call.stream = null
  }

  #failStream(call: NativeCall, code: number, error: SidecarError): void {
    if (call.stream !== null) this.#resetStream(call, code)
    call.finish(error, NO_METADATA)
  }

  #resetStream(call: NativeCall, code: number): void {
    this.#close(call)
    // What the peer had leave to send may still be on its way.
    this.#strayBytes = Math.min(MAX_WINDOW, this.#strayBytes + Math.max(0, call.receiveWindow))
    this.#sendReset(call.streamId, code)
    this.#afterStream()
  }

  #sendReset(streamId: number, code: number): void {
    this.#answer(FrameType.RST_STREAM, streamId, code)
  }

  #afterStream(): void {
    if (this.#over) return
    if (!this.busy) {
      if (this.#leaving) {
        this.#goodbye(ErrorCode.NO_ERROR)
        this.#fail(undefined)
        return
      }
      this.#socket.unref()
    }
    this.#owner.onRoom()
  }

  #leave(): void {
    this.#leaving = true
    this.#owner.onRoom()
  }

  #lose(why: string): void {
    if (this.#over) return
    const first = this.#reader.firstBytes
    const reason = this.#farewell ?? (first.length > 0 ? notHttp2(first) : why)
    this.#fail(() => lostError(this.#where, reason, false, this.#socketError))
  }

  #onSettingsTimeout(): void {
    const limit = this.#options.connectTimeoutMs
    if (!this.#ready) this.#lose(`the peer sent no HTTP/2 SETTINGS within ${limit} ms`)
    else if (!this.#settingsAcknowledged) {
      const what = `the peer did not acknowledge our SETTINGS within ${limit} ms`
      this.#violated(new ConnectionViolation(ErrorCode.SETTINGS_TIMEOUT, what))
    }
  }

  #goodbye(code: number): void {
    if (this.#over) return
    this.#out.frameHeader(8, FrameType.GOAWAY, 0, 0)
    this.#out.uint32(0)
    this.#out.uint32(code)
    this.#out.flush()
  }

  #fail(error: (() => SidecarError) | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#leaving = true
    clearTimeout(this.#settingsTimer)
    this.#keepAlive.stop()
    this.#sendQueue.clear()
    const calls = [...this.#streams.values()]
    this.#streams.clear()
    this.#dataCall = undefined
    for (const call of calls) call.stream = null
    if (!this.#socket.destroyed) {
      const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS)
      this.#socket.once('close', () => clearTimeout(timer))
      this.#socket.destroySoon()
    }
    this.#owner.onGone(this, error?.())
    if (error !== undefined) for (const call of calls) call.finish(error(), NO_METADATA)
  }

  // Frames sent in answer, and what the peer may make us do.

  #answer(type: number, streamId: number, value: number): void {
    this.#out.frameHeader(4, type, 0, streamId)
    this.#out.uint32(value)
    this.#countAnswer(13)
  }

  #countAnswer(bytes: number): void {
    this.#out.schedule()
    this.#answerBytes += bytes
    if (this.#answerBytes <= MAX_UNREAD_ANSWER_BYTES) return
    this.#out.flush()
    if (this.#socket.writableLength === 0) this.#answerBytes = 0
    else throw tooMuch('more frames that need an answer than it reads')
  }

  #countIdle(): void {
    if (++this.#idleFrames > MAX_IDLE_FRAMES) throw tooMuch('too many frames without use')
  }

  #countUseful(): void {
    this.#idleFrames = 0
    this.#keepAlive.receivedWork()
  }
}

function tooMuch(what: string): ConnectionViolation {
  return new ConnectionViolation(ErrorCode.ENHANCE_YOUR_CALM, new LimitError(`HTTP/2: the peer sent ${what}`))
}
