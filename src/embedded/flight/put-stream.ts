import { status } from '@grpc/grpc-js'
import { type FlightDataParts, parseFlightData } from '../../flight/flight-data.ts'
import { FlightError } from './flight-error.ts'

/** The runtime's default of `SPICE_DO_PUT_IDLE_TIMEOUT_SECS`. */
const IDLE_TIMEOUT_MS = 120_000
const KEEPALIVE = 'spice-keepalive'

/** The FlightData messages of an upload. Keep-alive messages only reset the idle clock. */
export class PutStream {
  private readonly messages: AsyncIterator<Uint8Array>
  private readonly signal: AbortSignal

  constructor(requests: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.messages = requests[Symbol.asyncIterator]()
    this.signal = signal
  }

  /** Null once the client has closed its side. Throws `FlightError` DEADLINE_EXCEEDED, `ProtocolError`. */
  async next(): Promise<FlightDataParts | null> {
    for (;;) {
      const next = await this.nextOrTimeout()
      this.signal.throwIfAborted()
      if (next.done) return null
      const parts = parseFlightData(next.value)
      if (!isKeepalive(parts)) return parts
    }
  }

  private async nextOrTimeout(): Promise<IteratorResult<Uint8Array>> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new FlightError(
              status.DEADLINE_EXCEEDED,
              `No message arrived for ${IDLE_TIMEOUT_MS / 1000} seconds`,
            ),
          ),
        IDLE_TIMEOUT_MS,
      )
    })
    try {
      return await Promise.race([this.messages.next(), timeout])
    } finally {
      clearTimeout(timer)
    }
  }
}

function isKeepalive({ header, body, descriptor, appMetadata }: FlightDataParts): boolean {
  return (
    header.length + body.length + descriptor.length === 0 && Buffer.from(appMetadata).toString() === KEEPALIVE
  )
}
