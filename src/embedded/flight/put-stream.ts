import { setImmediate } from 'node:timers/promises'
import { Metadata, status } from '@grpc/grpc-js'
import { type FlightDataParts, parseFlightData } from '../../flight/flight-data.ts'
import type { FlightCall } from './flight-call.ts'
import { FlightError } from './flight-error.ts'

/** The runtime's default of `SPICE_DO_PUT_IDLE_TIMEOUT_SECS`. */
const IDLE_TIMEOUT_MS = 120_000
const KEEPALIVE = 'spice-keepalive'

/** The FlightData messages of an upload. Keep-alive messages only reset the idle clock. */
export class PutStream {
  private readonly messages: AsyncIterator<Uint8Array>
  private readonly call: FlightCall
  private ended = false

  constructor(requests: AsyncIterable<Uint8Array>, call: FlightCall) {
    this.messages = requests[Symbol.asyncIterator]()
    this.call = call
  }

  /**
   * Null once the client has closed its side. Throws `FlightError` DEADLINE_EXCEEDED, `ProtocolError`, and
   * the call's reason when the client went away: what it sent until then is not the whole upload.
   */
  async next(): Promise<FlightDataParts | null> {
    while (!this.ended) {
      const next = await this.nextMessage()
      if (next.done) await this.confirmEnd()
      else {
        const parts = parseFlightData(next.value)
        if (!isKeepalive(parts)) return parts
      }
    }
    return null
  }

  /**
   * A stream that was reset ends like one that was closed, and grpc-js may tell of the reset only later.
   * It looks for one when it is about to send something, so the initial metadata goes out here.
   */
  private async confirmEnd(): Promise<void> {
    this.ended = true
    this.call.sendMetadata(new Metadata())
    await setImmediate()
    this.call.signal.throwIfAborted()
  }

  private async nextMessage(): Promise<IteratorResult<Uint8Array>> {
    const { signal } = this.call
    signal.throwIfAborted()
    let stop = () => {}
    const stopped = new Promise<never>((_, reject) => {
      const onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      const timer = setTimeout(() => reject(idleError()), IDLE_TIMEOUT_MS)
      stop = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
    })
    try {
      return await Promise.race([this.messages.next(), stopped])
    } finally {
      stop()
    }
  }
}

function idleError(): FlightError {
  return new FlightError(status.DEADLINE_EXCEEDED, `No message arrived for ${IDLE_TIMEOUT_MS / 1000} seconds`)
}

function isKeepalive({ header, body, descriptor, appMetadata }: FlightDataParts): boolean {
  return (
    header.length + body.length + descriptor.length === 0 && Buffer.from(appMetadata).toString() === KEEPALIVE
  )
}
