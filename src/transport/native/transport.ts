import { formatFlightAddress } from '../../address.ts'
import { AbortError, ClosedError, ConnectionError, SidecarError, TimeoutError } from '../../errors.ts'
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_PING_TIMEOUT_MS,
  DEFAULT_STREAM_WINDOW_BYTES,
} from '../defaults.ts'
import type {
  Call,
  CallHandler,
  CallOptions,
  Transport,
  TransportOptions,
  TransportStats,
} from '../transport.ts'
import { type CallOwner, NativeCall } from './call.ts'
import { type ConnectionOptions, type ConnectionOwner, NativeConnection } from './connection.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import { dial } from './dial.ts'
import { NO_METADATA } from './metadata.ts'
import { OpenCalls } from './open-calls.ts'
import { RequestHeaders } from './request-headers.ts'

/** With connections chosen by load: calls on every connection before another is opened, and the most. */
const CALLS_PER_CONNECTION = 64
const MAX_CONNECTIONS = 4
/** After a further connection failed, the ones there are have to do for so long. */
const GROWTH_PAUSE_MS = 1000
/** How often the timer fires that only keeps the process alive: nearly never. */
const PATIENCE_MS = 2 ** 30
const MAX_VERIFY_MS = 5_000

interface Waiter {
  resolve(): void
  reject(error: SidecarError): void
}

/** gRPC on our own HTTP/2: a queue of calls and the few connections they are spread over. */
export class NativeTransport implements Transport, CallOwner, ConnectionOwner {
  readonly kind = 'native'
  readonly stats: TransportStats = { calls: 0, connections: 0, bytesReceived: 0, bytesSent: 0 }
  readonly #options: TransportOptions
  readonly #connectionOptions: ConnectionOptions
  readonly #maxMessageBytes: number
  readonly #headers: RequestHeaders
  readonly #calls = new OpenCalls()
  readonly #deadlines = new DeadlineTimer(this.#calls)
  readonly #connections: NativeConnection[] = []
  /** Calls no connection has room for, in the order of their start. */
  readonly #queue = new Set<NativeCall>()
  /** Keeps the process alive while calls are queued: a connection without streams does not. */
  #patience: NodeJS.Timeout | undefined
  #waiters = new Set<Waiter>()
  readonly #dials = new Set<() => void>()
  #growAfter = 0
  #closed = false
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(options: TransportOptions) {
    this.#options = options
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
    this.#headers = new RequestHeaders(options.address, options.userAgent)
    const pingTimeoutMs = options.pingTimeoutMs ?? DEFAULT_PING_TIMEOUT_MS
    this.#connectionOptions = {
      connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      pingAfterIdleMs: options.pingAfterIdleMs ?? 10_000,
      pingTimeoutMs,
      verifyTimeoutMs: Math.min(pingTimeoutMs, MAX_VERIFY_MS),
      streamWindowBytes: options.streamWindowBytes ?? DEFAULT_STREAM_WINDOW_BYTES,
      busyPollMs: options.busyPollMs ?? 0,
    }
  }

  start(path: string, request: Uint8Array | null, handler: CallHandler, options?: CallOptions): Call {
    const now = performance.now()
    const call = new NativeCall(this, path, request, handler, options, this.#maxMessageBytes, now)
    this.#calls.add(call)
    const refusal = this.#prepare(call, options, now)
    if (refusal !== undefined) {
      process.nextTick(() => call.cancel(refusal))
      return call
    }
    if (call.deadline !== Number.POSITIVE_INFINITY) this.#deadlines.watch(call.deadline, now)
    if (this.#queue.size === 0) {
      const connection = this.#pick(now)
      if (connection !== undefined) {
        connection.open(call, now)
        return call
      }
    }
    this.#queue.add(call)
    this.#dispatch(now)
    return call
  }

  /** Encodes the request's header fields; an error when the call cannot even be queued. */
  #prepare(call: NativeCall, options: CallOptions | undefined, now: number): SidecarError | undefined {
    if (this.#closed) return new ClosedError('the transport is closed')
    const signal = options?.signal
    if (signal?.aborted) {
      return new AbortError(`${call.path} was aborted before it was sent`, {
        cause: signal.reason,
        unprocessed: true,
      })
    }
    if (call.deadline <= now) {
      return new TimeoutError(`the deadline of ${call.path} had passed before it was sent`, 0, {
        unprocessed: true,
      })
    }
    try {
      call.pathFields = this.#headers.forPath(call.path)
      call.metadataFields = this.#headers.forMetadata(options?.metadata)
      return undefined
    } catch (error) {
      if (error instanceof SidecarError) return error
      throw error
    }
  }

  connect(options: { signal?: AbortSignal; deadline?: number } = {}): Promise<void> {
    const { signal, deadline = Number.POSITIVE_INFINITY } = options
    if (this.#closed) return Promise.reject(new ClosedError('the transport is closed'))
    if (signal?.aborted)
      return Promise.reject(new AbortError('connecting was aborted', { cause: signal.reason }))
    if (this.#connections.some((connection) => connection.ready && !connection.leaving)) {
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const allowed = Math.max(0, deadline - performance.now())
      const onAbort = () => waiter.reject(new AbortError('connecting was aborted', { cause: signal?.reason }))
      const where = formatFlightAddress(this.#options.address)
      const timer = Number.isFinite(allowed)
        ? setTimeout(() => {
            const ms = Math.round(allowed)
            waiter.reject(
              new TimeoutError(`no connection to ${where} within ${ms} ms`, ms, { unprocessed: true }),
            )
          }, allowed)
        : undefined
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        resolve: () => {
          settle()
          resolve()
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiters.add(waiter)
      this.#dispatch(performance.now())
    })
  }

  close(graceMs = 0): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    this.#closed = true
    for (const waiter of [...this.#waiters]) waiter.reject(new ClosedError('the transport was closed'))
    if (graceMs > 0 && this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.#onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const giveUp of this.#dials) giveUp()
    this.#dials.clear()
    for (const call of this.#queue) this.#unqueue(call)
    this.#deadlines.stop()
    for (const call of [...this.#calls]) {
      const unprocessed = call.streamId === 0
      call.cancel(new ClosedError(`the transport was closed during ${call.path}`, { unprocessed }))
    }
    const error = new ClosedError('the transport was closed')
    await Promise.all([...this.#connections].map((connection) => connection.close(error)))
  }

  // CallOwner.

  forget(call: NativeCall): void {
    this.#calls.delete(call)
    if (call.streamId === 0) this.#unqueue(call)
    if (this.#calls.size === 0) this.#onIdle?.()
  }

  requeue(call: NativeCall): void {
    this.#queue.add(call)
  }

  // ConnectionOwner.

  onReady(): void {
    for (const waiter of [...this.#waiters]) waiter.resolve()
  }

  onRoom(): void {
    if (this.#queue.size > 0) this.#dispatch(performance.now())
  }

  onGone(connection: NativeConnection, error: SidecarError | undefined): void {
    this.#connections.splice(this.#connections.indexOf(connection), 1)
    if (!connection.ready && error !== undefined) this.#onDialFailed(failedHandshake(error))
    else this.#dispatch(performance.now())
  }

  // The pool.

  #dispatch(now: number): void {
    for (const call of this.#queue) {
      // What is over by its deadline or signal is about to be told so.
      const over = call.isOver(now)
      const connection = over ? undefined : this.#pick(now)
      if (!over && connection === undefined) break
      this.#unqueue(call)
      connection?.open(call, now)
    }
    const waiting = this.#queue.size > 0
    if (waiting) this.#patience ??= setInterval(() => {}, PATIENCE_MS)
    if (waiting || this.#waiters.size > 0) this.#grow(now)
  }

  #unqueue(call: NativeCall): void {
    this.#queue.delete(call)
    if (this.#patience === undefined || this.#queue.size > 0) return
    clearInterval(this.#patience)
    this.#patience = undefined
  }

  /** The connection with the fewest calls that has room for another; opens more when all are busy. */
  #pick(now: number): NativeConnection | undefined {
    let best: NativeConnection | undefined
    for (const connection of this.#connections) {
      if ((best === undefined || connection.calls < best.calls) && connection.hasRoom(now)) best = connection
    }
    if (best === undefined) return undefined
    const enough = this.#options.connections === undefined ? CALLS_PER_CONNECTION : 1
    if (best.calls >= enough) this.#grow(now)
    return best
  }

  #grow(now: number): void {
    if (this.#closed && this.#calls.size === 0) return
    const usable = this.#connections.reduce((count, connection) => count + (connection.leaving ? 0 : 1), 0)
    const open = usable + this.#dials.size
    if (open > 0) {
      const wanted = this.#options.connections ?? MAX_CONNECTIONS
      const starting = this.#dials.size > 0 || this.#connections.some((connection) => !connection.ready)
      if (open >= wanted || now < this.#growAfter || starting) return
      if (this.#connections.some((connection) => connection.verifying)) return
    }
    this.#dial()
  }

  #dial(): void {
    const { address, tls } = this.#options
    const giveUp = dial(address, tls, this.#connectionOptions.connectTimeoutMs, {
      onConnected: (socket, receiver, where) => {
        this.#dials.delete(giveUp)
        this.stats.connections++
        this.#connections.push(new NativeConnection(socket, receiver, where, this.#connectionOptions, this))
        this.#dispatch(performance.now())
      },
      onFailed: (error) => {
        this.#dials.delete(giveUp)
        this.#onDialFailed(error)
      },
    })
    this.#dials.add(giveUp)
  }

  /** Fails what waits for a connection, unless there is still one that may serve it. */
  #onDialFailed(error: SidecarError): void {
    const now = performance.now()
    this.#growAfter = now + GROWTH_PAUSE_MS
    if (this.#dials.size > 0 || this.#connections.some((connection) => !connection.leaving)) return
    const waiting = [...this.#queue]
    for (const call of waiting) this.#unqueue(call)
    for (const waiter of [...this.#waiters]) waiter.reject(error)
    for (const call of waiting) call.finish(error, NO_METADATA)
  }
}

function failedHandshake(error: SidecarError): ConnectionError {
  return new ConnectionError('CONNECTION_FAILED', error.message, { cause: error, unprocessed: true })
}
