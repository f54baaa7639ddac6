import { onTestFinished } from 'vitest'
import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import type {
  Call,
  CallOptions,
  FlightAddress,
  Transport,
  TransportOptions,
} from '../../src/transport/transport.ts'
import { type FlightScript, flightServer } from '../support/flight-server.ts'
import { type Outcome, outcomeOf } from '../support/outcome.ts'

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

/** Makes a call and gathers all it gives. */
export function run(
  transport: Transport,
  request: Uint8Array | null,
  options?: CallOptions,
  onCall?: (call: Call) => void,
): Promise<Outcome> {
  return outcomeOf(transport, PATH, request, options, onCall)
}

export const bytes = (...values: number[]) => Uint8Array.from(values)
