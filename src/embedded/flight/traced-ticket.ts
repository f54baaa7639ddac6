import { randomBytes } from 'node:crypto'
import type { Metadata } from '@grpc/grpc-js'
import { anyTypeName } from '../../flight/any.ts'
import { Any } from '../../flight/messages.generated.ts'
import { decode, encode } from '../../flight/protobuf.ts'

const TYPE_NAME = 'spiceai.flight.TracedTicket'
const TRACE_ID_LENGTH = 32
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/i

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
    traceId: TRACE_ID.test(traceId) ? traceId.toLowerCase() : null,
  }
}

/** The trace a request belongs to: `spice-trace-id`, else the id in `traceparent`; malformed ones are ignored. */
export function requestedTraceId(metadata: Metadata): string | null {
  const [own] = metadata.get('spice-trace-id')
  if (own !== undefined && TRACE_ID.test(String(own))) return String(own).toLowerCase()
  const [parent] = metadata.get('traceparent')
  const id = String(parent ?? '').split('-')[1] ?? ''
  return TRACE_ID.test(id) ? id.toLowerCase() : null
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex')
}
