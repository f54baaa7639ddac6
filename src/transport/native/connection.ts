import type { Socket } from 'node:net'
import { LimitError, ProtocolError, type SidecarError } from '../../errors.ts'
import { explainLoss, type SocketError } from '../socket-failure.ts'
import type { TransportStats } from '../transport.ts'
import { BusyPoll, type PollSubject } from './busy-poll.ts'
import type { NativeCall, StreamOwner } from './call.ts'
import type { Receiver } from './dial.ts'
import { type FrameEvents, FrameHandler, MAX_HEADER_LIST_BYTES } from './frame-handler.ts'
import { FrameReader } from './frame-reader.ts'
import { clientPreface, FrameType, MAX_FRAME_SIZE, Setting } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'
import { KeepAlive, type KeepAliveOptions, type KeepAliveSubject } from './keep-alive.ts'
import { NO_METADATA } from './metadata.ts'
import { CLOSED_BEFORE_SETTINGS, notHttp2 } from './not-http2.ts'
import { Outgoing } from './outgoing.ts'
import { PatientTimer } from './patient-timer.ts'
import { PeerBudget } from './peer-budget.ts'
import { PeerSettings } from './peer-settings.ts'
import { writeRequest } from './request-writer.ts'
import { SendQueue } from './send-queue.ts'
import { lostError } from './status.ts'
import { Streams } from './streams.ts'

/** How long a connection that is being closed may take to send its last bytes. */
const FAREWELL_MS = 500

export interface ConnectionOptions extends KeepAliveOptions {
  streamWindowBytes: number
  busyPollMs: number
  /** For the peer's first SETTINGS and for its acknowledgement of ours. */
  connectTimeoutMs: number
}

export interface ConnectionOwner {
  readonly stats: TransportStats
  /** The peer's SETTINGS came: it speaks HTTP/2. */
  onReady(): void
  /** There may be room for another call, or none here any more. */
  onRoom(): void
  /** The connection is over; `error` says why, unless it had done its work. */
  onGone(connection: NativeConnection, error: SidecarError | undefined): void
}

/** One HTTP/2 connection: RFC 9113 as far as a gRPC client meets it. */
export class NativeConnection implements FrameEvents, KeepAliveSubject, PollSubject, StreamOwner {
  readonly #socket: Socket
  readonly #receiver: Receiver
  readonly #where: string
  readonly #options: ConnectionOptions
  readonly #owner: ConnectionOwner
  readonly #out: Outgoing
  readonly #peer = new PeerSettings()
  readonly #streams = new Streams()
  readonly #budget = new PeerBudget()
  readonly #sendQueue: SendQueue
  readonly #keepAlive: KeepAlive
  readonly #busyPoll: BusyPoll
  readonly #reader: FrameReader
  readonly #settingsTimer: PatientTimer
  readonly #sendAnswers = () => this.#out.flush()
  #ready = false
  #settingsAcknowledged = false
  #leaving = false
  #over = false
  #farewell: string | undefined
  #socketError: SocketError | undefined

  constructor(
    socket: Socket,
    receiver: Receiver,
    where: string,
    options: ConnectionOptions,
    owner: ConnectionOwner,
  ) {
    this.#socket = socket
    this.#receiver = receiver
    this.#where = where
    this.#options = options
    this.#owner = owner
    this.#out = new Outgoing(socket, owner.stats)
    this.#sendQueue = new SendQueue(this.#out, this.#peer, this.#budget)
    this.#keepAlive = new KeepAlive(options, this)
    this.#busyPoll = new BusyPoll(options.busyPollMs, this)
    const parts = {
      out: this.#out,
      peer: this.#peer,
      streams: this.#streams,
      sendQueue: this.#sendQueue,
      keepAlive: this.#keepAlive,
      budget: this.#budget,
    }
    this.#reader = new FrameReader(new FrameHandler(parts, this))
    receiver.onBytes = (bytes, length) => this.#onBytes(bytes, length)
    socket.on('drain', () => {
      this.#budget.answersLeft()
      this.#sendQueue.run()
    })
    socket.on('error', (error) => {
      this.#socketError = error
    })
    socket.on('end', () => this.#lose(this.#ready ? 'the peer closed it' : CLOSED_BEFORE_SETTINGS))
    socket.on('close', () => this.#lose('the socket was closed'))
    this.#out.bytes(
      clientPreface([
        [Setting.ENABLE_PUSH, 0],
        [Setting.INITIAL_WINDOW_SIZE, options.streamWindowBytes],
        [Setting.MAX_FRAME_SIZE, MAX_FRAME_SIZE],
        [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
      ]),
    )
    this.#out.schedule()
    this.#settingsTimer = new PatientTimer(options.connectTimeoutMs, () => this.#onSettingsTimeout(), false)
  }

  /** Whether the peer has shown that it speaks HTTP/2. */
  get ready(): boolean {
    return this.#ready
  }

  /** Whether calls have to go elsewhere for good. */
  get leaving(): boolean {
    return this.#leaving
  }

  get verifying(): boolean {
    return this.#keepAlive.verifying
  }

  get calls(): number {
    return this.#streams.size
  }

  get waiting(): boolean {
    return this.#streams.size > 0
  }

  get busy(): boolean {
    return this.waiting || this.#keepAlive.verifying
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

  /** Sends the request of `call`, or as much of it as may go. Only after `hasRoom`. */
  open(call: NativeCall, now: number): void {
    const listBytes = call.pathFields.listBytes + call.metadataFields.listBytes
    if (listBytes > this.#peer.maxHeaderListBytes) {
      const limit = this.#peer.maxHeaderListBytes
      const error = new LimitError(
        `request metadata of ${listBytes} bytes; the peer takes at most ${limit}`,
        {
          unprocessed: true,
        },
      )
      process.nextTick(() => call.cancel(error))
      return
    }
    this.#streams.open(call)
    call.stream = this
    call.sendWindow = this.#peer.initialWindow
    call.receiveWindow = this.#options.streamWindowBytes
    call.grantThreshold = this.#options.streamWindowBytes / 2
    this.#owner.stats.calls++
    if (this.#streams.size === 1) {
      this.#socket.ref()
      this.#keepAlive.watch()
    }
    writeRequest(call, now, this.#out, this.#sendQueue)
    // One call by itself goes out at once; those made beside it in the same turn leave in one write.
    if (this.#streams.size === 1) this.#out.flush()
    else this.#out.schedule()
    this.#busyPoll.requested(now)
    if (this.#streams.exhausted) this.#leaving = true
  }

  /** Ends the connection, with `error` for its calls; resolves once the socket is closed. */
  close(error: SidecarError): Promise<void> {
    this.#fail(ErrorCode.NO_ERROR, () => error)
    if (this.#socket.closed) return Promise.resolve()
    return new Promise((resolve) => this.#socket.once('close', () => resolve()))
  }

  // What calls ask.

  reset(call: NativeCall): void {
    this.resetStream(call, ErrorCode.CANCEL)
  }

  grant(call: NativeCall, bytes: number): void {
    this.answer(FrameType.WINDOW_UPDATE, call.streamId, bytes)
  }

  send(call: NativeCall): void {
    this.#sendQueue.add(call)
  }

  // What the keep-alive asks.

  sendPing(number: number): void {
    this.#out.frameHeader(8, FrameType.PING, 0, 0)
    this.#out.uint32(0)
    this.#out.uint32(number)
    this.#out.schedule()
  }

  onVerified(): void {
    this.afterStream()
  }

  onSilent(afterMs: number): void {
    this.#lose(`the peer did not answer a PING within ${afterMs} ms`)
  }

  // What frames ask.

  onPeerSettings(): void {
    if (!this.#ready) {
      this.#ready = true
      this.#owner.onReady()
    }
    this.afterStream()
  }

  onSettingsAcknowledged(): void {
    this.#settingsAcknowledged = true
    this.#settingsTimer.stop()
  }

  onGoaway(refused: NativeCall[], why: string, calmly: boolean): void {
    this.#farewell = why
    this.#leaving = true
    for (const call of refused) {
      if (calmly && call.move()) continue
      call.finish(lostError(this.#where, why, !call.acceptsData), NO_METADATA)
    }
    this.afterStream()
  }

  answer(type: number, streamId: number, value: number): void {
    this.#out.frameHeader(4, type, 0, streamId)
    this.#out.uint32(value)
    this.#out.schedule()
  }

  countAnswer(bytes: number): void {
    this.#out.schedule()
    const violation = this.#budget.answer(bytes, this.#sendAnswers)
    if (violation !== undefined) this.#violated(violation)
  }

  resetStream(call: NativeCall, code: number): void {
    this.#streams.close(call)
    this.#budget.allowStray(call.receiveWindow)
    this.answer(FrameType.RST_STREAM, call.streamId, code)
    this.afterStream()
  }

  afterStream(): void {
    if (this.#over) return
    if (!this.busy) {
      if (this.#leaving) {
        this.#fail(ErrorCode.NO_ERROR, undefined)
        return
      }
      // A client that is forgotten does not keep its process alive.
      this.#socket.unref()
    }
    this.#owner.onRoom()
  }

  #onBytes(bytes: Uint8Array, length: number): void {
    if (this.#over) return
    const receiver = this.#receiver
    const { readBuffer } = receiver
    const now = performance.now()
    this.#owner.stats.bytesReceived += length
    this.#keepAlive.received(now)
    this.#budget.tick(now)
    try {
      if (bytes.buffer === readBuffer.buffer) this.#reader.read(readBuffer, length)
      else this.#reader.placed(length)
      receiver.target = this.#reader.nextTarget(readBuffer)
    } catch (error) {
      this.#violated(error)
    }
  }

  #violated(error: unknown): void {
    if (error instanceof ConnectionViolation) this.#fail(error.code, () => error.reason)
    else {
      const reason = new ProtocolError('HTTP/2: a frame could not be processed', { cause: error })
      this.#fail(ErrorCode.INTERNAL_ERROR, () => reason)
    }
  }

  #onSettingsTimeout(): void {
    const limit = this.#options.connectTimeoutMs
    if (!this.#ready) this.#lose(`the peer sent no HTTP/2 SETTINGS within ${limit} ms`)
    else if (!this.#settingsAcknowledged) {
      const what = `the peer did not acknowledge our SETTINGS within ${limit} ms`
      this.#violated(new ConnectionViolation(ErrorCode.SETTINGS_TIMEOUT, what))
    }
  }

  #lose(why: string): void {
    const first = this.#reader.firstBytes
    const cause = this.#socketError
    const seen = cause === undefined ? why : explainLoss(cause)
    const reason = this.#farewell ?? (first.length > 0 ? notHttp2(first) : seen)
    this.#fail(undefined, () => lostError(this.#where, reason, false, cause))
  }

  /** Ends the connection: `code` goes to the peer while it listens, `error` to the calls under way. */
  #fail(code: number | undefined, error: (() => SidecarError) | undefined): void {
    if (this.#over) return
    if (code !== undefined) {
      this.#out.frameHeader(8, FrameType.GOAWAY, 0, 0)
      this.#out.uint32(0)
      this.#out.uint32(code)
      this.#out.flush()
    }
    this.#over = true
    this.#leaving = true
    this.#settingsTimer.stop()
    this.#keepAlive.stop()
    this.#sendQueue.clear()
    const calls = this.#streams.closeAbove(0)
    if (!this.#socket.destroyed) {
      const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS)
      this.#socket.once('close', () => clearTimeout(timer))
      this.#socket.destroySoon()
    }
    this.#owner.onGone(this, error?.())
    if (error !== undefined) for (const call of calls) call.finish(error(), NO_METADATA)
  }
}
