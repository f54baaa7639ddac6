import type { Channel, Metadata as GrpcMetadata, StatusObject } from '@grpc/grpc-js'
import { AbortError, LimitError, ProtocolError, type SidecarError, TimeoutError } from '../../errors.ts'
import { type Abortable, unwatchAbort, watchAbort } from '../abort-watch.ts'
import type { Call, CallHandler, CallOptions, MetadataEntries, TransportStats } from '../transport.ts'
import { endedInsideMessage } from './cut-short.ts'
import { NO_METADATA, ReceivedMetadata } from './metadata.ts'
import { errorFromStatus } from './status.ts'

type Grpc = typeof import('@grpc/grpc-js')
type GrpcCall = ReturnType<Channel['createCall']>

/** Bytes written but not yet taken by HTTP/2 beyond which `write` asks the caller to wait. */
const SEND_BUFFER_BYTES = 1024 * 1024

const ALIGNMENT = 64

/** What a call needs of the transport it belongs to. */
export interface CallOwner {
  /** The peer's address, for messages. */
  readonly peer: string
  readonly stats: TransportStats
  readonly maxMessageBytes: number
  ended(call: GrpcJsCall): void
}

/**
 * One call on a grpc-js channel. It lies below grpc-js's stream classes, on the channel's own call, because
 * that reads one message at a time and so gives exact backpressure.
 */
export class GrpcJsCall implements Call, Abortable {
  private readonly owner: CallOwner
  private readonly path: string
  private readonly handler: CallHandler
  private readonly options: CallOptions
  private readonly startedAt = performance.now()
  private call: GrpcCall | null = null
  private hasEnded = false
  private answered = false
  private paused = false
  private reading = false
  private writing = false
  private halfClosed = false
  private endSent = false
  private wantsDrain = false
  private queuedBytes = 0
  private readonly queue: Uint8Array[] = []

  constructor(owner: CallOwner, path: string, handler: CallHandler, options: CallOptions) {
    this.owner = owner
    this.path = path
    this.handler = handler
    this.options = options
    if (options.signal !== undefined) watchAbort(options.signal, this)
  }

  /** Sends the call on `channel`; what was written before goes out now. */
  attach(grpc: Grpc, channel: Channel): void {
    if (this.hasEnded) return
    const { deadline } = this.options
    const left = deadline === undefined ? Number.POSITIVE_INFINITY : deadline - performance.now()
    if (left <= 0) {
      this.cancel(this.timeout(true))
      return
    }
    let metadata: GrpcMetadata
    try {
      metadata = requestMetadata(grpc, this.options.metadata)
    } catch (error) {
      this.cancel(
        new LimitError(`Metadata that cannot be sent: ${(error as Error).message}`, { cause: error }),
      )
      return
    }
    this.call = channel.createCall(
      this.path,
      left === Number.POSITIVE_INFINITY ? left : Date.now() + left,
      null,
      null,
      null,
    )
    this.call.start(metadata, this)
    const single = this.halfClosed && this.queue.length === 1
    this.writeNext()
    // At once, so that the end goes out with the only message instead of after it.
    if (single) this.sendEnd()
    this.read()
  }

  get isOngoing(): boolean {
    return !this.hasEnded
  }

  write(message: Uint8Array): boolean {
    if (this.hasEnded || this.halfClosed) return true
    this.queue.push(message)
    this.queuedBytes += message.length
    this.writeNext()
    this.wantsDrain = this.queuedBytes > SEND_BUFFER_BYTES
    return !this.wantsDrain
  }

  end(): void {
    if (this.halfClosed || this.hasEnded) return
    this.halfClosed = true
    if (!this.writing && this.queue.length === 0 && this.call !== null) this.sendEnd()
  }

  cancel(reason: SidecarError): void {
    if (this.hasEnded) return
    this.finish()
    this.call?.cancelWithStatus(1, reason.message)
    // Later, so that no handler runs while its caller is still inside `start` or `cancel`.
    queueMicrotask(() => this.handler.onEnd(reason, NO_METADATA))
  }

  /** The caller's signal fired. */
  abort(cause: unknown): void {
    this.cancel(new AbortError('The call was aborted by its signal', { cause }))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.read()
  }

  // --- what grpc-js calls ---

  onReceiveMetadata(metadata: GrpcMetadata): void {
    this.answered = true
    if (!this.hasEnded) this.handler.onHeaders?.(new ReceivedMetadata(metadata))
  }

  onReceiveMessage(buffer: Buffer): void {
    this.reading = false
    if (this.hasEnded) return
    const limit = this.options.maxMessageBytes ?? this.owner.maxMessageBytes
    if (buffer.length > limit) {
      this.cancel(
        new LimitError(
          `${this.owner.peer} sent a message of ${buffer.length} bytes, maxMessageBytes allows ${limit}`,
        ),
      )
      return
    }
    this.owner.stats.bytesReceived += buffer.length
    this.handler.onMessage(this.aligned(buffer))
    this.read()
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.hasEnded) return
    this.finish()
    if (status.code === 0) {
      const cutShort = this.call !== null && endedInsideMessage(this.call)
      const error = cutShort
        ? new ProtocolError(`${this.owner.peer} ended the response in the middle of a message`)
        : null
      this.handler.onEnd(error, new ReceivedMetadata(status.metadata))
      return
    }
    const { deadline } = this.options
    // Timers may fire up to a millisecond early, and a server may see the same deadline pass first.
    const passed = deadline !== undefined && performance.now() >= deadline - 2
    const timing = { passed, timeoutMs: this.allowedMs() }
    const error = errorFromStatus(status, this.owner.peer, timing, this.answered)
    this.handler.onEnd(error, new ReceivedMetadata(status.metadata))
  }

  // --- private ---

  private finish(): void {
    this.hasEnded = true
    this.queue.length = 0
    if (this.options.signal !== undefined) unwatchAbort(this.options.signal, this)
    this.owner.ended(this)
  }

  private read(): void {
    if (this.paused || this.reading || this.hasEnded || this.call === null) return
    this.reading = true
    this.call.startRead()
  }

  /** grpc-js takes one message at a time before its connection stands: the rest waits here. */
  private writeNext(): void {
    if (this.call === null || this.writing) return
    const message = this.queue.shift()
    if (message === undefined) {
      if (this.halfClosed && !this.endSent) this.sendEnd()
      return
    }
    this.writing = true
    this.owner.stats.bytesSent += message.length
    const buffer = Buffer.from(message.buffer, message.byteOffset, message.length)
    this.call.sendMessageWithContext({ callback: () => this.written(message.length) }, buffer)
  }

  private sendEnd(): void {
    this.endSent = true
    this.call?.halfClose()
  }

  private written(length: number): void {
    this.writing = false
    this.queuedBytes -= length
    if (this.hasEnded) return
    this.writeNext()
    if (this.wantsDrain && this.queuedBytes <= SEND_BUFFER_BYTES) {
      this.wantsDrain = false
      this.handler.onDrain?.()
    }
  }

  /** The message as a plain byte array, moved when its body does not lie on the boundary asked for. */
  private aligned(buffer: Buffer): Uint8Array {
    const offset = this.options.alignAt?.(buffer, 0, buffer.length, buffer.length) ?? -1
    if (offset < 0 || (buffer.byteOffset + offset) % ALIGNMENT === 0) {
      return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
    }
    const padding = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT
    const message = new Uint8Array(padding + buffer.length).subarray(padding)
    message.set(buffer)
    return message
  }

  private allowedMs(): number {
    return Math.max(0, Math.round((this.options.deadline ?? 0) - this.startedAt))
  }

  private timeout(unprocessed: boolean): TimeoutError {
    const allowed = this.allowedMs()
    return new TimeoutError(`The deadline passed before ${this.owner.peer} was asked`, allowed, {
      unprocessed,
    })
  }
}

/** Throws for a name or a value gRPC does not allow. */
function requestMetadata(grpc: Grpc, entries: MetadataEntries | undefined): GrpcMetadata {
  const metadata = new grpc.Metadata()
  for (const [name, value] of entries ?? []) {
    metadata.add(name, typeof value === 'string' ? value : Buffer.from(value))
  }
  return metadata
}
