import { ProtocolError } from '../errors.ts'
import type { DecodedBatch } from './decoded-batch.ts'
import { FlatBuffer } from './flatbuffer.ts'
import { readMessage } from './message.ts'
import type { RowObject } from './object-builder.ts'
import type { Schema } from './schema.ts'
import { readSchema } from './schema-message.ts'
import { StreamDecoder, type StreamDecoderOptions } from './stream-decoder.ts'
import type { ValueOptions } from './values-options.ts'

/** `ARROW1` begins and ends an IPC file (also known as Feather version 2). */
const FILE_MAGIC = [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31] as const
const CONTINUATION = 0xffffffff

export interface IpcContents {
  readonly schema: Schema
  readonly batches: DecodedBatch[]
}

/**
 * Reads a whole IPC stream or IPC file. The batches lie on `bytes`, which must not change.
 * Throws `ProtocolError` when it is neither, or was cut off within a message. A stream may also end without
 * its end mark, as when a pipe closes: what was cut off between two messages cannot be told from that.
 */
export function readIpc(bytes: Uint8Array, options?: StreamDecoderOptions): IpcContents {
  const decoder = new StreamDecoder(options)
  const batches = hasMagic(bytes, 0) ? readFile(bytes, decoder) : readStream(bytes, decoder)
  if (decoder.schema === null) throw new ProtocolError('Arrow: these bytes hold no schema')
  return { schema: decoder.schema, batches }
}

/** All rows of an IPC stream or file. */
export function rowsFromIpc(bytes: Uint8Array, values?: ValueOptions): RowObject[] {
  const rows: RowObject[] = []
  for (const batch of readIpc(bytes, { values }).batches) batch.appendRows(rows)
  return rows
}

function readStream(bytes: Uint8Array, decoder: StreamDecoder): DecodedBatch[] {
  const batches: DecodedBatch[] = []
  let position = 0
  while (position < bytes.length) {
    const message = messageAt(bytes, position)
    if (message === null) break
    const batch = decoder.push(message.header, message.body)
    if (batch !== null) batches.push(batch)
    position = message.end
  }
  return batches
}

/** A file's footer holds the schema and says where its dictionaries and batches are (File.fbs). */
function readFile(bytes: Uint8Array, decoder: StreamDecoder): DecodedBatch[] {
  const end = bytes.length - FILE_MAGIC.length - 4
  if (end < 8 || !hasMagic(bytes, end + 4))
    throw new ProtocolError('Arrow: the file lacks its closing mark; it was cut off')
  const length = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getInt32(0, true)
  if (length <= 0 || length > end)
    throw new ProtocolError(`Arrow: the file claims a footer of ${length} bytes`)
  const footer = new FlatBuffer(bytes.subarray(end - length, end))
  const root = footer.root()
  const schema = footer.table(root, 1)
  if (schema === 0) throw new ProtocolError("Arrow: the file's footer holds no schema")
  decoder.useSchema(readSchema(footer, schema))
  const positions = [...blocks(footer, root, FOOTER_DICTIONARIES), ...blocks(footer, root, FOOTER_BATCHES)]
  const batches: DecodedBatch[] = []
  let total = 0
  for (const position of positions) {
    const message = messageAt(bytes, position)
    if (message === null) throw truncated()
    total += message.end - position
    // Few bytes could otherwise stand for any amount of work.
    if (total > bytes.length) throw new ProtocolError('Arrow: the messages of the file overlap')
    const batch = decoder.push(message.header, message.body)
    if (batch !== null) batches.push(batch)
  }
  return batches
}

const FOOTER_DICTIONARIES = 2
const FOOTER_BATCHES = 3

/** Where the messages of a vector of Block structs begin: an offset, a metadata and a body length each. */
function blocks(footer: FlatBuffer, root: number, index: number): number[] {
  const vector = footer.vector(root, index, 24)
  return Array.from({ length: footer.vectorLength(vector) }, (_, i) => footer.size(vector + 4 + 24 * i))
}

/** One encapsulated message: its length, its metadata, its body. Null at an end-of-stream marker. */
function messageAt(
  bytes: Uint8Array,
  position: number,
): { header: Uint8Array; body: Uint8Array; end: number } | null {
  if (position + 4 > bytes.length) throw truncated()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let start = position + 4
  let length = view.getUint32(position, true)
  // Streams written before Arrow 0.15 lack the marker before the length.
  if (length === CONTINUATION) {
    if (start + 4 > bytes.length) throw truncated()
    length = view.getUint32(start, true)
    start += 4
  }
  if (length === 0) return null
  if (start + length > bytes.length) throw truncated()
  const header = bytes.subarray(start, start + length)
  const { bodyLength } = readMessage(header)
  const bodyStart = start + length
  const end = bodyStart + bodyLength
  if (end > bytes.length) throw truncated()
  return { header, body: bytes.subarray(bodyStart, end), end }
}

function hasMagic(bytes: Uint8Array, position: number): boolean {
  return FILE_MAGIC.every((byte, i) => bytes[position + i] === byte)
}

function truncated(): ProtocolError {
  return new ProtocolError('Arrow: the bytes end within a message')
}
