import type { Call, CallOptions, Transport } from '../../src/transport/transport.ts'
import { type Outcome, outcomeOf } from '../support/outcome.ts'

/** Starts a call of the test service and gathers all it gives. */
export function collect(
  transport: Transport,
  method: string,
  request: Uint8Array | null,
  options?: CallOptions,
  onCall?: (call: Call) => void,
): Promise<Outcome> {
  return outcomeOf(transport, `/test.Test/${method}`, request, options, onCall)
}

export const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()
