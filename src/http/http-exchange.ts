import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { AbortError, LimitError, type SidecarError, TimeoutError } from '../errors.ts'
import { connectionFailure } from './connection-errors.ts'
import type { HttpClient, HttpDone, HttpRequest } from './http-client.ts'

/**
 * One request and its whole response: the handler undici drives, with the deadline, the signal and the
 * size limit. Ending it early destroys its connection, which is how the runtime learns to stop working.
 */
export class HttpExchange implements Dispatcher.DispatchHandler {
  ended = false
  readonly #client: HttpClient
  readonly #request: HttpRequest
  readonly #done: HttpDone
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #onAbort: (() => void) | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0

  constructor(client: HttpClient, request: HttpRequest, done: HttpDone) {
    this.#client = client
    this.#request = request
    this.#done = done
    const { deadline, signal } = request
    if (deadline !== undefined) {
      this.#timer = setTimeout(() => this.#expire(), Math.max(0, deadline - performance.now()))
    }
    if (signal === undefined) return
    this.#onAbort = () =>
      this.cancel(new AbortError('The request was aborted by its signal', { cause: signal.reason }))
    if (signal.aborted) queueMicrotask(this.#onAbort)
    else signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Ends the exchange with `reason` and destroys its connection. No effect once ended. */
  cancel(reason: SidecarError): void {
    if (this.ended) return
    this.#end(reason)
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.ended) controller.abort(new AbortError('The request ended before it was sent'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
    const announced = Number(headers['content-length'])
    if (announced > this.#client.maxResponseBytes) this.#refuse(`${announced} bytes are announced`)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.ended) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length > this.#client.maxResponseBytes) this.#refuse('more keeps coming')
  }

  onResponseEnd(): void {
    if (this.ended) return
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#length)
    this.#release()
    this.#done(null, { status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.ended) return
    this.#end(connectionFailure(error, this.#client.origin, this.#controller !== undefined))
  }

  #end(error: SidecarError): void {
    this.#release()
    this.#done(error, null)
  }

  #release(): void {
    this.ended = true
    this.#client.forget(this)
    clearTimeout(this.#timer)
    if (this.#onAbort !== undefined) this.#request.signal!.removeEventListener('abort', this.#onAbort)
  }

  #expire(): void {
    const { method, path, timeoutMs } = this.#request
    const allowed = timeoutMs === undefined ? 'its deadline' : `${timeoutMs} ms`
    const state = this.#status === 0 ? 'no answer' : `only ${this.#length} bytes of the answer`
    const message = `${method} ${this.#client.origin}${path}: ${state} within ${allowed}`
    this.cancel(new TimeoutError(message, timeoutMs ?? 0, { unprocessed: this.#controller === undefined }))
  }

  #refuse(why: string): void {
    const limit = this.#client.maxResponseBytes
    const advice = 'raise http.maxResponseBytes, ask for fewer rows, or use Flight, which streams'
    this.cancel(
      new LimitError(`The reply is larger than http.maxResponseBytes (${limit}): ${why}; ${advice}`),
    )
  }
}
