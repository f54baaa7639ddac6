import { AbortError, ProtocolError, type SidecarError, TimeoutError } from '../../errors.ts'
import { type Abortable, unwatchAbort, watchAbort } from '../abort-watch.ts'
import { RpcError } from '../rpc-error.ts'
import type { AlignAt, Call, CallHandler, CallOptions, Metadata } from '../transport.ts'
import type { EncodedFields } from './hpack-encoder.ts'
import { inflateMessage } from './inflate.ts'
import { MessageAssembler, type MessageSink } from './message-assembler.ts'
import { fieldValue, NO_METADATA, ResponseMetadata } from './metadata.ts'
import { Outbox } from './outbox.ts'
import { contentTypeError, httpError, statusError } from './status.ts'

/** `write` asks its caller to wait while more than this is queued, and calls `onDrain` below a quarter. */
const OUTBOX_BYTES = 256 * 1024
const MAX_INFORMATIONAL = 16
/** Connections that may leave without having taken a call before it fails. */
const MAX_MOVES = 3
interface HeldMessage {
  message: Uint8Array
  compressed: boolean
}

/** Never pushed to. */
const NONE_HELD: HeldMessage[] = []
/** Milliseconds a peer's idea of the deadline may lie before ours. */
const PEER_CLOCK_MS = 2

/** What a call asks of the connection its stream is on. */
export interface StreamOwner {
  /** Ends the stream from this side. */
  reset(call: NativeCall): void
  /** Grants the peer `bytes` more on this stream. */
  grant(call: NativeCall, bytes: number): void
  /** The outbox has something to send. */
  send(call: NativeCall): void
}

/** What a call asks of its transport. */
export interface CallOwner {
  /** The call has ended. */
  forget(call: NativeCall): void
  /** The call wants another connection. */
  requeue(call: NativeCall): void
}

/** One gRPC call: an HTTP/2 stream once a connection has room for it, a place in the queue before. */
export class NativeCall implements Call, MessageSink, Abortable {
  readonly path: string
  readonly deadline: number
  readonly alignAt: AlignAt | undefined
  readonly startedAt: number
  /** The encoded fields of the request, but for `grpc-timeout`. */
  pathFields!: EncodedFields
  metadataFields!: EncodedFields
  /** The only request message of a call that sends exactly one, kept until its end: it may have to be sent again. */
  request: Uint8Array | null
  /** Messages waiting to be sent; null when there is only `request` and it fits. */
  outbox: Outbox | null

  // The stream, once it is open. Windows may be negative after a change of the peer's settings.
  stream: StreamOwner | null = null
  streamId = 0
  sendWindow = 0
  receiveWindow = 0
  grantThreshold = 0
  /** END_STREAM has been sent. */
  sentEnd = false
  /** Waiting in its connection's send queue. */
  sending = false
  ended = false
  /** Its place among the transport's calls: `OpenCalls` keeps it. */
  place = -1

  readonly #owner: CallOwner
  readonly #handler: CallHandler
  readonly #signal: AbortSignal | undefined
  readonly #maxBytes: number
  readonly #assembler: MessageAssembler
  #moves = 0
  #sawHeaders = false
  #informational = 0
  #encoding: string | undefined
  #paused = false
  #wantsDrain = false
  /** Received and consumed bytes that the peer has not been granted anew. */
  #owed = 0
  /** Messages that came while paused, compressed ones as they came, and the end that came after them. */
  #held: HeldMessage[] = NONE_HELD
  #heldEnd: { error: SidecarError | null; trailers: Metadata } | undefined
  #draining = false

  constructor(
    owner: CallOwner,
    path: string,
    request: Uint8Array | null,
    handler: CallHandler,
    options: CallOptions | undefined,
    maxBytes: number,
    now: number,
  ) {
    this.#owner = owner
    this.path = path
    this.request = request
    this.outbox = request === null ? new Outbox() : null
    this.#handler = handler
    this.deadline = options?.deadline ?? Number.POSITIVE_INFINITY
    this.alignAt = options?.alignAt
    this.startedAt = now
    this.#maxBytes = options?.maxMessageBytes ?? maxBytes
    this.#assembler = new MessageAssembler(this, this.#maxBytes)
    this.#signal = options?.signal
    if (this.#signal !== undefined) watchAbort(this.#signal, this)
  }

  // What the caller does.

  write(message: Uint8Array): boolean {
    const outbox = this.outbox
    if (outbox === null || this.ended || outbox.closed) return true
    outbox.push(message)
    this.stream?.send(this)
    if (outbox.bytes <= OUTBOX_BYTES) return true
    this.#wantsDrain = true
    return false
  }

  end(): void {
    if (this.outbox === null || this.ended || this.outbox.closed) return
    this.outbox.closed = true
    this.stream?.send(this)
  }

  cancel(reason: SidecarError): void {
    if (this.ended) return
    this.stream?.reset(this)
    this.#settle(reason, NO_METADATA)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.ended) return
    if (this.#held.length === 0) this.credit(0)
    else if (!this.#draining) {
      this.#draining = true
      process.nextTick(() => this.#deliverHeld())
    }
  }

  /** The caller's signal fired. */
  abort(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : 'the signal was aborted'
    const unprocessed = this.streamId === 0
    this.cancel(new AbortError(`${this.path} was aborted: ${message}`, { cause, unprocessed }))
  }

  /** Whether it has ended or is about to, its deadline or signal having come: not worth sending any more. */
  isOver(now: number): boolean {
    return this.ended || this.deadline <= now || this.#signal?.aborted === true
  }

  expire(): void {
    this.cancel(this.#timeout())
  }

  // What the connection tells.

  /** The only message does not fit into the windows as they are. */
  sendAll(request: Uint8Array): void {
    this.outbox = new Outbox()
    this.outbox.push(request)
    this.outbox.closed = true
  }

  /** Room in the outbox after sending. */
  afterSend(): void {
    if (!this.#wantsDrain || this.outbox!.bytes > OUTBOX_BYTES / 4) return
    this.#wantsDrain = false
    process.nextTick(() => {
      if (this.ended) return
      try {
        this.#handler.onDrain?.()
      } catch (cause) {
        this.#handlerThrew(cause)
      }
    })
  }

  /** A header block of the response. Returns an error for which the stream has to be reset. */
  onFields(fields: readonly string[], endStream: boolean): SidecarError | undefined {
    if (this.#sawHeaders) return this.#onTrailers(fields, endStream)
    const httpStatus = fieldValue(fields, ':status')
    if (httpStatus !== '200') {
      if (httpStatus?.startsWith('1')) return this.#onInformational(httpStatus, endStream)
      const error = httpError(httpStatus, fields)
      if (error instanceof ProtocolError || !endStream) return error
    }
    if (endStream) return this.#onTrailers(fields, true)
    const error = contentTypeError(fieldValue(fields, 'content-type'))
    if (error !== undefined) return error
    this.#sawHeaders = true
    this.#encoding = fieldValue(fields, 'grpc-encoding')
    if (this.#handler.onHeaders !== undefined) {
      try {
        this.#handler.onHeaders(new ResponseMetadata(fields))
      } catch (cause) {
        this.#handlerThrew(cause)
      }
    }
    return undefined
  }

  #onInformational(httpStatus: string, endStream: boolean): SidecarError | undefined {
    if (endStream || !/^10[^1]$/.test(httpStatus)) {
      return new ProtocolError(`HTTP/2: an invalid informational response (${httpStatus})`)
    }
    if (++this.#informational <= MAX_INFORMATIONAL) return undefined
    return new ProtocolError(`HTTP/2: more than ${MAX_INFORMATIONAL} informational responses`)
  }

  #onTrailers(fields: readonly string[], endStream: boolean): SidecarError | undefined {
    if (!endStream) return new ProtocolError('HTTP/2: header fields in the middle of a response')
    if (this.#sawHeaders && fieldValue(fields, ':status') !== undefined) {
      return new ProtocolError('HTTP/2: a second :status in the trailers')
    }
    const trailers = new ResponseMetadata(fields)
    let error = statusError(fields, trailers)
    const unfinished = this.#assembler.unfinished
    if (error === null && unfinished !== undefined) {
      error = new ProtocolError(`gRPC: the response ended after ${unfinished}`)
    }
    this.finish(error, trailers)
    return undefined
  }

  /** The peer has begun to answer: DATA may come. */
  get acceptsData(): boolean {
    return this.#sawHeaders
  }

  /** Throws `LimitError`, `ProtocolError` or `UnsupportedError`, for which the stream has to be reset. */
  onData(bytes: Buffer, start: number, end: number): void {
    this.#assembler.push(bytes, start, end)
  }

  roomFor(length: number): Uint8Array | null {
    return this.#assembler.roomFor(length)
  }

  onDataPlaced(length: number): void {
    this.#assembler.placed(length)
  }

  onWholeMessage(message: Uint8Array, compressed: boolean): void {
    if (!this.#paused && this.#held.length === 0) {
      this.#deliver(compressed ? this.#inflate(message) : message)
    } else if (this.#held === NONE_HELD) this.#held = [{ message, compressed }]
    else this.#held.push({ message, compressed })
  }

  #inflate(message: Uint8Array): Uint8Array {
    return inflateMessage(message, this.#encoding, this.#maxBytes, this.alignAt)
  }

  /** `bytes` have been dealt with; the peer may send as many again, unless the consumer has had enough. */
  credit(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < this.grantThreshold || this.#paused || this.#held.length > 0) return
    if (this.stream === null || this.ended) return
    this.stream.grant(this, this.#owed)
    this.receiveWindow += this.#owed
    this.#owed = 0
  }

  /** END_STREAM on a DATA frame: no trailers will come. */
  endWithoutTrailers(): SidecarError {
    const unfinished = this.#assembler.unfinished
    const after = unfinished === undefined ? '' : `, after ${unfinished}`
    return new ProtocolError(`gRPC: the response ended without trailers${after}`)
  }

  /** The peer's end of the call, or the loss of its connection: comes after the messages before it. */
  finish(error: SidecarError | null, trailers: Metadata): void {
    if (this.ended || this.#heldEnd !== undefined) return
    this.stream = null
    this.#assembler.stop()
    const ending = this.#isLate(error) ? this.#timeout(error) : error
    if (this.#held.length > 0) this.#heldEnd = { error: ending, trailers }
    else this.#settle(ending, trailers)
  }

  /** A peer that keeps the deadline too may say so first; the caller gets the same error either way. */
  #isLate(error: SidecarError | null): boolean {
    if (!(error instanceof RpcError) || this.deadline === Number.POSITIVE_INFINITY) return false
    if (error.status !== 'DEADLINE_EXCEEDED' && error.status !== 'CANCELLED') return false
    return performance.now() >= this.deadline - PEER_CLOCK_MS
  }

  #timeout(cause?: SidecarError | null): TimeoutError {
    const allowed = Math.max(0, Math.round(this.deadline - this.startedAt))
    return new TimeoutError(`${this.path} did not end within ${allowed} ms`, allowed, {
      cause: cause ?? undefined,
      unprocessed: this.streamId === 0,
    })
  }

  /**
   * Its connection is going away and has not taken it, which for servers and proxies that limit the life of
   * connections is no failure: it moves to another one when its request is at hand. True when it does.
   */
  move(): boolean {
    if (this.ended || !this.sentEnd || this.#sawHeaders || this.outbox !== null) return false
    if (++this.#moves > MAX_MOVES) return false
    this.sentEnd = false
    this.stream = null
    this.streamId = 0
    this.#owner.requeue(this)
    return true
  }

  #deliver(message: Uint8Array): void {
    try {
      this.#handler.onMessage(message)
    } catch (cause) {
      this.#handlerThrew(cause)
    }
  }

  #deliverHeld(): void {
    this.#draining = false
    while (this.#held.length > 0 && !this.#paused && !this.ended) {
      const { message, compressed } = this.#held.shift()!
      try {
        this.#deliver(compressed ? this.#inflate(message) : message)
      } catch (error) {
        this.cancel(error as SidecarError)
      }
    }
    if (this.#held.length > 0 || this.ended) return
    if (this.#heldEnd !== undefined) this.#settle(this.#heldEnd.error, this.#heldEnd.trailers)
    else this.credit(0)
  }

  #handlerThrew(cause: unknown): void {
    const words = cause instanceof Error ? cause.message : String(cause)
    this.cancel(new AbortError(`${this.path} was cancelled, since its handler threw: ${words}`, { cause }))
  }

  #settle(error: SidecarError | null, trailers: Metadata): void {
    if (this.ended) return
    this.ended = true
    this.stream = null
    this.request = null
    this.outbox?.clear()
    this.#held = NONE_HELD
    this.#heldEnd = undefined
    this.#assembler.stop()
    if (this.#signal !== undefined) unwatchAbort(this.#signal, this)
    this.#owner.forget(this)
    try {
      this.#handler.onEnd(error, trailers)
    } catch (cause) {
      // Nobody is left to tell, but a mistake in a handler must not be invisible.
      process.emitWarning(cause instanceof Error ? cause : new Error(String(cause)))
    }
  }
}
