import type { Metadata } from '@grpc/grpc-js'
import { anyTypeName } from '../../flight/any.ts'
import { Any } from '../../flight/messages.generated.ts'
import { decode, encode } from '../../flight/protobuf.ts'
import { requestedTraceId } from '../trace-id.ts'

const TYPE_NAME = 'spiceai.flight.TracedTicket'
const TRACE_ID_LENGTH = 32

/** A ticket and the trace that the GetFlightInfo which issued it belongs to; null when it names none. */
export interface TracedTicket {
  readonly ticket: Uint8Array
  readonly traceId: string | null
}

/** Wraps a ticket as the runtime does: an `Any` whose value is the trace id followed by the inner ticket. */
export function wrapTicket(ticket: Uint8Array, traceId: string): Uint8Array {
  const value = Buffer.concat([Buffer.from(traceId, 'latin1'), ticket])
  return encode(Any, { typeUrl: `type.googleapis.com/${TYPE_NAME}`, value })
}

/** A ticket that is not wrapped is taken as it is; one whose trace id cannot be read still runs. */
export function unwrapTicket(bytes: Uint8Array): TracedTicket {
  let any: Any
  try {
    any = decode(Any, bytes)
  } catch {
    return { ticket: bytes, traceId: null }
  }
  if (anyTypeName(any) !== TYPE_NAME) return { ticket: bytes, traceId: null }
  const traceId = Buffer.from(any.value.subarray(0, TRACE_ID_LENGTH)).toString('latin1')
  return {
    ticket: any.value.subarray(TRACE_ID_LENGTH),
    traceId: requestedTraceId(traceId, undefined),
  }
}

/** As `requestedTraceId`, from the metadata of a call. */
export function traceIdOfCall(metadata: Metadata): string | null {
  const [own] = metadata.get('spice-trace-id')
  const [parent] = metadata.get('traceparent')
  return requestedTraceId(own?.toString(), parent?.toString())
}
