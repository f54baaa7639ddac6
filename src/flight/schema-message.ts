import type { Schema } from '../arrow/schema.ts'
import { StreamDecoder } from '../arrow/stream-decoder.ts'
import { ProtocolError } from '../errors.ts'
import type { FlightInfo } from './messages.generated.ts'

const CONTINUATION = 0xffffffff

/** The schema a FlightInfo announces; null when it announces none. Throws `ProtocolError`. */
export function schemaInInfo(info: FlightInfo): Schema | null {
  return info.schema.length === 0 ? null : readEncapsulatedSchema(info.schema)
}

/**
 * Reads a schema message with the framing of IPC streams: a length, before it a continuation mark in all
 * but the oldest writers, then the flatbuffer. Throws `ProtocolError`.
 */
export function readEncapsulatedSchema(bytes: Uint8Array): Schema {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const prefix = bytes.length >= 8 && view.getUint32(0, true) === CONTINUATION ? 8 : 4
  const length = bytes.length >= prefix ? view.getInt32(prefix - 4, true) : -1
  if (length < 0 || length > bytes.length - prefix) {
    throw new ProtocolError(`An encapsulated schema of ${bytes.length} bytes names a length of ${length}`)
  }
  const decoder = new StreamDecoder()
  decoder.push(bytes.subarray(prefix, prefix + length), new Uint8Array(0))
  if (decoder.schema === null) throw new ProtocolError('The message is no Arrow schema')
  return decoder.schema
}
