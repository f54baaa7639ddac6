import type { IncomingHttpHeaders } from 'node:http'
import { LimitError, type SidecarError } from '../errors.ts'
import type { HttpResponse } from './http-client.ts'
import type { HttpExchange, HttpReceiver } from './http-exchange.ts'

/** Keeps a response until it is whole. */
export class WholeResponse implements HttpReceiver {
  exchange: HttpExchange | null = null
  readonly #maxBytes: number
  readonly #resolve: (response: HttpResponse) => void
  readonly #reject: (error: SidecarError) => void
  readonly #chunks: Buffer[] = []
  #length = 0
  #status = 0
  #headers: IncomingHttpHeaders = {}

  constructor(
    maxBytes: number,
    resolve: (response: HttpResponse) => void,
    reject: (error: SidecarError) => void,
  ) {
    this.#maxBytes = maxBytes
    this.#resolve = resolve
    this.#reject = reject
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  onData(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length > this.#maxBytes) {
      this.exchange!.cancel(
        new LimitError(`The response is larger than http.maxResponseBytes (${this.#maxBytes})`),
      )
    }
  }

  onEnd(error: SidecarError | null): void {
    if (error !== null) this.#reject(error)
    else {
      const body = Buffer.concat(this.#chunks, this.#length)
      this.#resolve({ status: this.#status, headers: this.#headers, body })
    }
  }
}
