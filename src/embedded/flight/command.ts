import { anyTypeName } from '../../flight/any.ts'
import { Any } from '../../flight/messages.generated.ts'
import { decode } from '../../flight/protobuf.ts'
import { invalidArgument } from './flight-error.ts'

/** What a descriptor's `cmd` or a ticket asks for: SQL as text, or a packed Flight SQL message. */
export type Command =
  | { readonly kind: 'sql'; readonly sql: string }
  | { readonly kind: 'message'; readonly typeName: string; readonly value: Uint8Array }

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a command as the runtime does: a protobuf `Any` if the bytes decode as one, SQL text otherwise.
 * Throws `FlightError` INVALID_ARGUMENT for bytes that are neither.
 */
export function parseCommand(bytes: Uint8Array): Command {
  let any: Any
  try {
    any = decode(Any, bytes)
  } catch {
    return { kind: 'sql', sql: sqlText(bytes) }
  }
  return { kind: 'message', typeName: anyTypeName(any), value: any.value }
}

function sqlText(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw invalidArgument('The command is neither a Flight SQL message nor SQL in UTF-8')
  }
}
