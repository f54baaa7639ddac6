import { onTestFinished } from 'vitest'
import type { SidecarError } from '../../src/errors.ts'
import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import type {
  Call,
  CallOptions,
  FlightAddress,
  Metadata as ReceivedMetadata,
  Transport,
  TransportOptions,
} from '../../src/transport/transport.ts'
import { type FlightScript, flightServer } from '../support/flight-server.ts'

export const PATH = '/arrow.flight.protocol.FlightService/DoGet'

/** A Flight server that follows `script`, and a transport to it; both end with the test. */
export async function serve(script: FlightScript, options: Partial<TransportOptions> = {}) {
  const server = await flightServer(script)
  onTestFinished(() => server.kill())
  return { server, transport: transportTo(server.address, options) }
}

/** A transport that ends with the test. */
export function transportTo(address: FlightAddress, options: Partial<TransportOptions> = {}): Transport {
  const transport = createGrpcTransport({ address, ...options })
  onTestFinished(() => transport.close())
  return transport
}

export interface Outcome {
  messages: Uint8Array[]
  headers: ReceivedMetadata | null
  error: SidecarError | null
  trailers: ReceivedMetadata
}

/** Makes a call and gathers all it gives. */
export function run(
  transport: Transport,
  request: Uint8Array | null,
  options: CallOptions = {},
  onCall?: (call: Call) => void,
) {
  return new Promise<Outcome>((resolve) => {
    const messages: Uint8Array[] = []
    let headers: ReceivedMetadata | null = null
    const call = transport.start(
      PATH,
      request,
      {
        onHeaders: (metadata) => {
          headers = metadata
        },
        onMessage: (message) => messages.push(message),
        onEnd: (error, trailers) => resolve({ messages, headers, error, trailers }),
      },
      options,
    )
    onCall?.(call)
  })
}

export const bytes = (...values: number[]) => Uint8Array.from(values)
