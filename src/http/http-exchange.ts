import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { AbortError, type SidecarError, TimeoutError } from '../errors.ts'
import { type Abortable, unwatchAbort, watchAbort } from '../transport/abort-watch.ts'
import type { Expiring } from '../transport/native/deadline-timer.ts'
import { connectionFailure } from './connection-errors.ts'
import type { HttpConnection } from './http-connections.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH'
  /** Path and query below the address's base path. */
  path: string
  body?: string
  /** Flat list of names and values, besides the client's own. */
  headers?: readonly string[]
  /** Absolute, in `performance.now()` milliseconds. */
  deadline?: number
  /** The time the deadline was made from, for the message. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** Takes a response as it comes. */
export interface HttpReceiver {
  onHead(status: number, headers: IncomingHttpHeaders): void
  onData(chunk: Buffer): void
  /** Exactly once, and last: null after a complete body. Never from within the call that started the request. */
  onEnd(error: SidecarError | null): void
}

/** What an exchange reports its end to. */
export interface ExchangeOwner {
  readonly origin: string
  /** It ended for its caller. */
  forget(exchange: HttpExchange): void
  /** Its connection is free. @param broken whether it has to be made anew */
  release(connection: HttpConnection, broken: boolean): void
}

/**
 * One request and its response: the handler undici drives, with the deadline and the signal. Ending it early
 * destroys its connection, which is how the runtime learns to stop working.
 */
export class HttpExchange implements Dispatcher.DispatchHandler, Expiring, Abortable {
  readonly request: HttpRequest
  readonly deadline: number
  ended = false
  readonly #owner: ExchangeOwner
  readonly #receiver: HttpReceiver
  #connection: HttpConnection | null = null
  #controller: Dispatcher.DispatchController | null = null
  #starting = false
  #status = 0
  #length = 0

  constructor(owner: ExchangeOwner, request: HttpRequest, receiver: HttpReceiver) {
    this.#owner = owner
    this.request = request
    this.deadline = request.deadline ?? Number.POSITIVE_INFINITY
    this.#receiver = receiver
    const { signal } = request
    if (signal !== undefined && !signal.aborted) watchAbort(signal, this)
  }

  /** Sends the request. */
  start(connection: HttpConnection, options: Dispatcher.DispatchOptions): void {
    this.#connection = connection
    this.#starting = true
    connection.dispatch(options, this)
    this.#starting = false
  }

  /** Ends the exchange with `reason` and destroys its connection. No effect once ended. */
  cancel(reason: SidecarError): void {
    if (this.ended) return
    this.#end(reason)
    this.#controller?.abort(reason)
  }

  abort(reason: unknown): void {
    this.cancel(new AbortError('The request was aborted by its signal', { cause: reason }))
  }

  expire(): void {
    const { method, path, timeoutMs } = this.request
    const allowed = timeoutMs === undefined ? 'its deadline' : `${timeoutMs} ms`
    const state = this.#status === 0 ? 'no answer' : `only ${this.#length} bytes of the answer`
    const message = `${method} ${this.#owner.origin}${path}: ${state} within ${allowed}`
    this.cancel(new TimeoutError(message, timeoutMs ?? 0, { unprocessed: this.#controller === null }))
  }

  /** Stops reading from the connection; what was read already may still arrive. */
  pause(): void {
    if (!this.ended) this.#controller?.pause()
  }

  resume(): void {
    if (!this.ended) this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.ended) controller.abort(new AbortError('The request ended before it was sent'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Informational responses come before the one that counts.
    if (this.ended || status < 200) return
    this.#status = status
    this.#receiver.onHead(status, headers)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.ended) return
    this.#length += chunk.length
    this.#receiver.onData(chunk)
  }

  onResponseEnd(): void {
    this.#free(false)
    if (!this.ended) this.#end(null)
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#free(true)
    const failure = connectionFailure(error, this.#owner.origin, this.#controller !== null)
    if (this.#starting) queueMicrotask(() => this.cancel(failure))
    else if (!this.ended) this.#end(failure)
  }

  #free(broken: boolean): void {
    if (this.#connection === null) return
    this.#owner.release(this.#connection, broken)
    this.#connection = null
  }

  #end(error: SidecarError | null): void {
    this.ended = true
    this.#owner.forget(this)
    const { signal } = this.request
    if (signal !== undefined) unwatchAbort(signal, this)
    this.#receiver.onEnd(error)
  }
}
