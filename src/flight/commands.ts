import { packAny } from './any.ts'
import { DescriptorType, FlightDescriptor, Ticket } from './messages.generated.ts'
import { encode, type MessageInit, type MessageType } from './protobuf.ts'

/** A Flight SQL command as the descriptor of an upload. */
export function commandDescriptor<T>(
  type: MessageType<T>,
  command: MessageInit<T>,
): MessageInit<FlightDescriptor> {
  return { type: DescriptorType.CMD, cmd: packAny(type, command) }
}

/** A Flight SQL command as the request of GetFlightInfo or GetSchema. */
export function descriptorRequest<T>(type: MessageType<T>, command: MessageInit<T>): Uint8Array {
  return encode(FlightDescriptor, commandDescriptor(type, command))
}

/** A Flight SQL command as the ticket of DoGet: one call instead of two, for servers known to take it. */
export function ticketRequest<T>(type: MessageType<T>, command: MessageInit<T>): Uint8Array {
  return encode(Ticket, { ticket: packAny(type, command) })
}
