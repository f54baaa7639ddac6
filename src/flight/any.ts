import { ProtocolError } from '../errors.ts'
import { Any } from './messages.generated.ts'
import { decode, encode, type MessageInit, type MessageType } from './protobuf.ts'

/** Packs a message as `google.protobuf.Any`, the form in which Flight SQL sends commands and action bodies. */
export function packAny<T>(type: MessageType<T>, init: MessageInit<T>): Uint8Array {
  return encode(Any, { typeUrl: `type.googleapis.com/${type.typeName}`, value: encode(type, init) })
}

/** The full name of the message in an `Any`: what follows the last slash of its type URL. */
export function anyTypeName(any: Any): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1)
}

/** Unpacks an `Any` that has to hold a `type`. Throws `ProtocolError` for anything else. */
export function unpackAny<T>(type: MessageType<T>, bytes: Uint8Array): T {
  const any = decode(Any, bytes)
  if (anyTypeName(any) !== type.typeName) {
    throw new ProtocolError(`Expected a ${type.typeName}, the peer sent ${JSON.stringify(any.typeUrl)}`)
  }
  return decode(type, any.value)
}
