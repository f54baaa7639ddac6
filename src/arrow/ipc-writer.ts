import { ProtocolError } from '../errors.ts'
import type { ColumnData } from './column-data.ts'
import { FlatbufferWriter } from './flatbuffer-writer.ts'
import { childFields, writeSchema } from './ipc-writer-schema.ts'
import type { DataType, Schema } from './schema.ts'

/** One IPC message: the `Message` flatbuffer, and its body in parts, padding included. */
export interface EncodedMessage {
  readonly header: Uint8Array
  readonly body: readonly Uint8Array[]
  /** Bytes of all body parts together; a multiple of 64. */
  readonly bodyLength: number
}

export interface DictionaryMessage extends EncodedMessage {
  readonly id: bigint
}

/** Rows as columns, in the order of the schema's fields. */
export interface ColumnBatch {
  readonly length: number
  readonly columns: readonly ColumnData[]
}

/** Numbers of the format's Message.fbs. */
const HEADER_SCHEMA = 1
const HEADER_DICTIONARY_BATCH = 2
const HEADER_RECORD_BATCH = 3
const METADATA_V5 = 4

/**
 * Buffers start on multiples of this within a body, as the format recommends, so that a reader whose
 * body is aligned can lay typed arrays of any width over them.
 */
const BODY_ALIGNMENT = 64
const PADDING = new Uint8Array(BODY_ALIGNMENT)

/** A whole schema message without stream framing: what FlightData carries as `data_header`. */
export function encodeSchema(schema: Schema): Uint8Array {
  const writer = new FlatbufferWriter(1024)
  return finishMessage(writer, HEADER_SCHEMA, writeSchema(writer, schema), 0)
}

/**
 * One record batch. `columns` follow the schema's fields; their buffers become the body's parts without
 * being copied. Throws `ProtocolError` when a column does not fit its field's type.
 */
export function encodeRecordBatch(
  schema: Schema,
  length: number,
  columns: readonly ColumnData[],
): EncodedMessage {
  const types = schema.fields.map((field) => field.type)
  const body = layOutBody(types, columns)
  const writer = new FlatbufferWriter(256 + 16 * (body.nodes.length + body.regions.length))
  const batch = writeRecordBatch(writer, length, body)
  return { header: finishMessage(writer, HEADER_RECORD_BATCH, batch, body.bodyLength), ...bodyOf(body) }
}

/**
 * The dictionaries of `columns`, nested ones before those that use them, each once per id. They go
 * before the first record batch that refers to them. Empty when no column is dictionary-encoded.
 */
export function encodeDictionaryBatches(schema: Schema, columns: readonly ColumnData[]): DictionaryMessage[] {
  return collectDictionaries(schema, columns).map(encodeDictionary)
}

/**
 * A whole IPC stream as parts to be written one after the other: schema, then for each batch the
 * dictionaries that are new or replaced and the batch, then the end-of-stream mark.
 */
export function* frameIpcStream(schema: Schema, batches: Iterable<ColumnBatch>): Generator<Uint8Array> {
  const framer = new IpcStreamFramer(schema)
  yield* framer.start()
  for (const batch of batches) yield* framer.batch(batch)
  yield framer.end()
}

/** The same stream for batches that arrive over time. */
export class IpcStreamFramer {
  readonly #schema: Schema
  readonly #sent = new Map<bigint, ColumnData>()

  constructor(schema: Schema) {
    this.#schema = schema
  }

  start(): Uint8Array[] {
    return frameMessage(encodeSchema(this.#schema), [])
  }

  batch(batch: ColumnBatch): Uint8Array[] {
    const parts: Uint8Array[] = []
    for (const dictionary of collectDictionaries(this.#schema, batch.columns)) {
      if (this.#sent.get(dictionary.id) === dictionary.values) continue
      this.#sent.set(dictionary.id, dictionary.values)
      const message = encodeDictionary(dictionary)
      parts.push(...frameMessage(message.header, message.body))
    }
    const message = encodeRecordBatch(this.#schema, batch.length, batch.columns)
    parts.push(...frameMessage(message.header, message.body))
    return parts
  }

  end(): Uint8Array {
    return Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
  }
}

/** The encapsulated form of one message: continuation mark, metadata length, metadata, body. */
function frameMessage(header: Uint8Array, body: readonly Uint8Array[]): Uint8Array[] {
  const prefix = new Uint8Array(8)
  const view = new DataView(prefix.buffer)
  view.setUint32(0, 0xffffffff, true)
  view.setInt32(4, header.length, true)
  return [prefix, header, ...body]
}

interface BodyLayout {
  /** Pairs of length and null count, one per array in pre-order. */
  readonly nodes: number[]
  /** Pairs of offset and length, one per buffer. */
  readonly regions: number[]
  readonly variadicCounts: number[]
  readonly parts: Uint8Array[]
  bodyLength: number
}

function layOutBody(types: readonly DataType[], columns: readonly ColumnData[]): BodyLayout {
  const body: BodyLayout = { nodes: [], regions: [], variadicCounts: [], parts: [], bodyLength: 0 }
  if (types.length !== columns.length) {
    throw new ProtocolError(`${columns.length} columns given for a schema of ${types.length} fields.`)
  }
  for (let i = 0; i < types.length; i++) addColumn(body, types[i], columns[i])
  return body
}

function addColumn(body: BodyLayout, type: DataType, column: ColumnData): void {
  body.nodes.push(column.length, type.kind === 'null' ? column.length : column.nullCount)
  const expected = bufferCount(type)
  const variadic = isView(type) ? (column.variadicCount ?? 0) : 0
  if (column.buffers.length !== expected + variadic) {
    throw new ProtocolError(
      `A column of type ${type.kind} has ${column.buffers.length} buffers instead of ${expected + variadic}.`,
    )
  }
  if (isView(type)) body.variadicCounts.push(variadic)
  for (const buffer of column.buffers) addBuffer(body, buffer)
  const children = type.kind === 'dictionary' ? [] : childFields(type)
  if (children.length !== column.children.length) {
    throw new ProtocolError(
      `A column of type ${type.kind} has ${column.children.length} children instead of ${children.length}.`,
    )
  }
  for (let i = 0; i < children.length; i++) addColumn(body, children[i].type, column.children[i])
}

function addBuffer(body: BodyLayout, buffer: Uint8Array | null): void {
  const length = buffer?.length ?? 0
  body.regions.push(body.bodyLength, length)
  if (buffer === null || length === 0) return
  body.parts.push(buffer)
  const padding = -length & (BODY_ALIGNMENT - 1)
  if (padding > 0) body.parts.push(PADDING.subarray(0, padding))
  body.bodyLength += length + padding
}

/** Buffers of one array by the columnar format, without the variadic ones of views. */
function bufferCount(type: DataType): number {
  switch (type.kind) {
    case 'null':
    case 'runEndEncoded':
      return 0
    case 'struct':
    case 'fixedSizeList':
      return 1
    case 'union':
      return type.mode === 'dense' ? 2 : 1
    case 'utf8':
    case 'largeUtf8':
    case 'binary':
    case 'largeBinary':
    case 'listView':
    case 'largeListView':
      return 3
    default:
      return 2
  }
}

function isView(type: DataType): boolean {
  return type.kind === 'utf8View' || type.kind === 'binaryView'
}

function bodyOf(layout: BodyLayout): { body: Uint8Array[]; bodyLength: number } {
  return { body: layout.parts, bodyLength: layout.bodyLength }
}

function writeRecordBatch(writer: FlatbufferWriter, length: number, body: BodyLayout): number {
  const variadic = body.variadicCounts.length === 0 ? null : writer.longVector(body.variadicCounts)
  const regions = writer.longVector(body.regions, 2)
  const nodes = writer.longVector(body.nodes, 2)
  return writer.table([
    { as: 'int64', value: length },
    { as: 'offset', value: nodes },
    { as: 'offset', value: regions },
    null,
    variadic === null ? null : { as: 'offset', value: variadic },
  ])
}

function finishMessage(
  writer: FlatbufferWriter,
  headerType: number,
  header: number,
  bodyLength: number,
): Uint8Array {
  const message = writer.table([
    { as: 'int16', value: METADATA_V5 },
    { as: 'int8', value: headerType },
    { as: 'offset', value: header },
    { as: 'int64', value: bodyLength },
  ])
  return writer.finish(message)
}

interface Dictionary {
  readonly id: bigint
  readonly type: DataType
  readonly values: ColumnData
}

function collectDictionaries(schema: Schema, columns: readonly ColumnData[]): Dictionary[] {
  const found = new Map<bigint, Dictionary>()
  for (let i = 0; i < schema.fields.length; i++) collect(found, schema.fields[i].type, columns[i])
  return [...found.values()]
}

function collect(found: Map<bigint, Dictionary>, type: DataType, column: ColumnData): void {
  if (type.kind !== 'dictionary') {
    const children = childFields(type)
    for (let i = 0; i < children.length; i++) collect(found, children[i].type, column.children[i])
    return
  }
  const values = column.dictionary?.values
  if (values === undefined) {
    throw new ProtocolError(`A column of dictionary ${type.id} comes without the dictionary's values.`)
  }
  collect(found, type.value, values)
  const earlier = found.get(type.id)
  if (earlier !== undefined && earlier.values !== values) {
    throw new ProtocolError(`Two columns share dictionary ${type.id} but bring different values for it.`)
  }
  found.set(type.id, { id: type.id, type: type.value, values })
}

function encodeDictionary(dictionary: Dictionary): DictionaryMessage {
  const body = layOutBody([dictionary.type], [dictionary.values])
  const writer = new FlatbufferWriter()
  const data = writeRecordBatch(writer, dictionary.values.length, body)
  const batch = writer.table([
    { as: 'int64', value: dictionary.id },
    { as: 'offset', value: data },
  ])
  const header = finishMessage(writer, HEADER_DICTIONARY_BATCH, batch, body.bodyLength)
  return { id: dictionary.id, header, ...bodyOf(body) }
}
