import type { Metadata, ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js'
import { EngineError } from '../engine/engine-error.ts'
import type { Principal } from './authentication.ts'

/** What every handler gets to know about the call it serves. */
export interface FlightCall {
  readonly principal: Principal
  readonly requestMetadata: Metadata
  /** Aborted when the client goes away or cancels, with an `EngineError` as its reason. */
  readonly signal: AbortSignal
  /** Initial metadata; to be sent before the first response message, at most once. */
  sendMetadata(metadata: Metadata): void
}

export type ServerStream =
  | ServerWritableStream<Uint8Array, Uint8Array>
  | ServerDuplexStream<Uint8Array, Uint8Array>

/** Messages handed to gRPC whose bytes it has not yet passed to the connection. */
const MAX_UNSENT_MESSAGES = 2

/**
 * The response messages of a call. `write` resolves when there is room for the next message, so a client
 * that does not read stops the statement it reads from.
 */
export class ResponseStream {
  private readonly stream: ServerStream
  private readonly callSignal: AbortSignal
  private unsent = 0
  private wake = () => {}

  constructor(stream: ServerStream, callSignal: AbortSignal) {
    this.stream = stream
    this.callSignal = callSignal
  }

  /**
   * Rejects with the reason of `signal`, by default the call's own, once that is aborted. A statement's
   * signal ends the wait for a client that does not read also when someone else stops the statement.
   */
  async write(message: Uint8Array, signal = this.callSignal): Promise<void> {
    signal.throwIfAborted()
    this.unsent++
    this.stream.write(message, () => {
      this.unsent--
      this.wake()
    })
    if (this.unsent < MAX_UNSENT_MESSAGES) return
    const onAbort = () => this.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (this.unsent >= MAX_UNSENT_MESSAGES) {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
        signal.throwIfAborted()
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/** An abort signal for the life of a call: aborted when it is cancelled before its end. */
export function signalOfCall(call: { on(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController()
  call.on('cancelled', () =>
    controller.abort(new EngineError('cancelled', 'the query was cancelled by its client')),
  )
  return controller.signal
}
