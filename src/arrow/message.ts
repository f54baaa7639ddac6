import { ProtocolError, UnsupportedError } from '../errors.ts'
import { FlatBuffer } from './flatbuffer.ts'

/** The message kinds of an IPC stream, numbered as in Message.fbs. */
export const MESSAGE_SCHEMA = 1
export const MESSAGE_DICTIONARY_BATCH = 2
const MESSAGE_RECORD_BATCH = 3

/** MetadataVersion V4: every type but Null still carries a validity bitmap, unions and runs included. */
export const METADATA_V4 = 3
const METADATA_V5 = 4

/** A message's header, read in place: positions into `buffer`. */
export interface Message {
  readonly buffer: FlatBuffer
  readonly version: number
  readonly kind: number
  /** Position of the header's own table: Schema, DictionaryBatch or RecordBatch. */
  readonly header: number
  readonly bodyLength: number
  readonly root: number
}

/**
 * Reads the frame of one message. Throws `ProtocolError` for broken metadata and `UnsupportedError` for
 * versions before V4 (written by Arrow before 0.8) and for tensors.
 */
export function readMessage(metadata: Uint8Array): Message {
  const buffer = new FlatBuffer(metadata)
  const root = buffer.root()
  const version = buffer.int16Field(root, 0, 0)
  if (version < METADATA_V4 || version > METADATA_V5)
    throw new UnsupportedError(`Arrow metadata version V${version + 1} is not supported; V4 and V5 are`)
  const kind = buffer.uint8Field(root, 1, 0)
  if (kind < MESSAGE_SCHEMA || kind > MESSAGE_RECORD_BATCH)
    throw new UnsupportedError(
      `Arrow message kind ${kind} is not a schema, a dictionary batch or a record batch`,
    )
  const header = buffer.table(root, 2)
  if (header === 0) throw new ProtocolError('Arrow metadata: the message has no header')
  return { buffer, version, kind, header, bodyLength: buffer.sizeField(root, 3), root }
}
