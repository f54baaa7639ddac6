import { LimitError, ProtocolError, UnsupportedError } from '../errors.ts'
import { ArrayData, Body, fixedBitWidth } from './array-data.ts'
import { decompressBody } from './compression.ts'
import type { Dictionary } from './dictionary.ts'
import type { FlatBuffer } from './flatbuffer.ts'
import { METADATA_V4, type Message } from './message.ts'
import type { DataType, Field } from './schema.ts'

/** Rows a batch may have when its bytes do not account for them (null columns, no columns, runs). */
const MAX_UNBACKED_LENGTH = 1 << 22
const MAX_LENGTH = 0x7fffffff
/** Not in the format, but written by apache-arrow for slices of columns it never counted. */
const UNKNOWN_NULL_COUNT = -1
/** What a value costs a reader at least, against the limit of what a batch may expand to. */
const VALUE_BYTES = 8

/** The arrays of one record batch, buffers checked to lie in the body and to be long enough. */
export interface LoadedBatch {
  readonly length: number
  readonly columns: ArrayData[]
}

/**
 * Lays a RecordBatch table (Message.fbs) over its body, following the fields' types depth first.
 * @param table position of the RecordBatch table: a message's own header, or a dictionary batch's data
 * @param unresolved takes the arrays of a dictionary batch whose own dictionary has not come yet
 */
export function loadBatch(
  message: Message,
  table: number,
  fields: readonly Field[],
  bodyBytes: Uint8Array,
  dictionaries: ReadonlyMap<bigint, Dictionary>,
  maxDecompressedBytes: number,
  unresolved: ArrayData[] | null = null,
): LoadedBatch {
  const loader = new BatchLoader(message, table, bodyBytes, dictionaries, maxDecompressedBytes, unresolved)
  const length = loader.checkedLength(message.buffer.sizeField(table, 0))
  const columns: ArrayData[] = []
  for (const field of fields) {
    const column = loader.load(field.type)
    if (column.length !== length)
      throw new ProtocolError(
        `Arrow batch: column "${field.name}" has ${column.length} values in a batch of ${length} rows`,
      )
    columns.push(column)
  }
  loader.finish()
  return { length, columns }
}

class BatchLoader {
  readonly #buffer: FlatBuffer
  readonly #body: Body
  readonly #dictionaries: ReadonlyMap<bigint, Dictionary>
  readonly #unresolved: ArrayData[] | null
  readonly #isV4: boolean
  readonly #nodes: number
  readonly #nodeCount: number
  readonly #buffers: number
  readonly #bufferCount: number
  readonly #variadicCounts: number
  /** Positions and lengths of decompressed buffers; null when the body is as received. */
  readonly #decompressed: readonly number[] | null
  readonly #maxLength: number
  /** Values all arrays may have together, and bytes their buffers: more than the body has when buffers overlap. */
  readonly #maxValues: number
  readonly #maxBufferBytes: number
  #values = 0
  #bufferBytes = 0
  #node = 0
  #nextBuffer = 0
  #variadic = 0
  /** Where the buffer last taken lies. */
  #position = 0
  #length = 0

  constructor(
    message: Message,
    table: number,
    bodyBytes: Uint8Array,
    dictionaries: ReadonlyMap<bigint, Dictionary>,
    maxDecompressedBytes: number,
    unresolved: ArrayData[] | null,
  ) {
    const { buffer } = message
    this.#buffer = buffer
    this.#dictionaries = dictionaries
    this.#unresolved = unresolved
    this.#isV4 = message.version === METADATA_V4
    this.#nodes = buffer.vector(table, 1, 16)
    this.#nodeCount = buffer.vectorLength(this.#nodes)
    this.#buffers = buffer.vector(table, 2, 16)
    this.#bufferCount = buffer.vectorLength(this.#buffers)
    this.#variadicCounts = buffer.vector(table, 4, 8)
    const unbacked = Math.floor(maxDecompressedBytes / VALUE_BYTES)
    this.#maxBufferBytes = bodyBytes.length + unbacked
    const compression = buffer.table(table, 3)
    if (compression === 0) {
      this.#body = new Body(bodyBytes)
      this.#decompressed = null
    } else {
      const codec = buffer.uint8Field(compression, 0, 0)
      if (buffer.uint8Field(compression, 1, 0) !== 0)
        throw new UnsupportedError('Arrow batch: only buffers compressed one by one are supported')
      const parts: number[] = []
      for (let i = 0; i < this.#bufferCount; i++) {
        this.#locate(i, bodyBytes.length)
        parts.push(this.#position, this.#length)
      }
      const { bytes, positions } = decompressBody(bodyBytes, parts, codec, maxDecompressedBytes)
      this.#body = new Body(bytes)
      this.#decompressed = positions
    }
    const bits = this.#body.bytes.length * 8
    this.#maxLength = Math.min(MAX_LENGTH, Math.max(MAX_UNBACKED_LENGTH, bits))
    this.#maxValues = unbacked + bits
  }

  checkedLength(length: number): number {
    if (length > this.#maxLength)
      throw new ProtocolError(
        `Arrow batch: ${length} values are more than a body of ${this.#body.bytes.length} bytes can stand for`,
      )
    return length
  }

  finish(): void {
    if (this.#node !== this.#nodeCount || this.#nextBuffer !== this.#bufferCount)
      throw new ProtocolError(
        `Arrow batch: ${this.#nodeCount} nodes and ${this.#bufferCount} buffers do not fit the schema, ` +
          `which needs ${this.#node} and ${this.#nextBuffer}`,
      )
  }

  load(type: DataType): ArrayData {
    if (this.#node >= this.#nodeCount)
      throw new ProtocolError(`Arrow batch: only ${this.#nodeCount} nodes, the schema needs more`)
    const node = this.#nodes + 4 + 16 * this.#node++
    const length = this.checkedLength(this.#buffer.size(node))
    this.#values += length
    if (this.#values > this.#maxValues)
      throw new LimitError(
        'Arrow batch: its arrays have more values than its bytes and maxDecompressedBytes allow',
      )
    const nullCount = this.#buffer.isMinusOne(node + 8) ? UNKNOWN_NULL_COUNT : this.#buffer.size(node + 8)
    if (nullCount > length) throw new ProtocolError(`Arrow batch: ${nullCount} nulls among ${length} values`)
    const data = new ArrayData(type, length, nullCount, this.#body, this.#validity(type, length, nullCount))
    this.#loadLayout(data, type, length)
    return data
  }

  #validity(type: DataType, length: number, nullCount: number): number {
    if (type.kind === 'null') return -1
    if ((type.kind === 'union' || type.kind === 'runEndEncoded') && !this.#isV4) return -1
    this.#take()
    if (nullCount === 0 || (nullCount === UNKNOWN_NULL_COUNT && this.#length === 0)) return -1
    if (this.#length * 8 < length) throw tooShort(type, 'validity bitmap', length)
    return this.#position
  }

  #loadLayout(data: ArrayData, type: DataType, length: number): void {
    switch (type.kind) {
      case 'null':
        break
      case 'utf8':
      case 'binary':
        this.#takeFirst(data, offsetBytes(this.#peekLength(), length, 4))
        this.#takeSecond(data, 0)
        break
      case 'largeUtf8':
      case 'largeBinary':
        this.#takeFirst(data, offsetBytes(this.#peekLength(), length, 8))
        this.#takeSecond(data, 0)
        break
      case 'utf8View':
      case 'binaryView':
        this.#takeFirst(data, length * 16)
        this.#takeVariadic(data)
        break
      case 'list':
      case 'map':
        this.#takeFirst(data, offsetBytes(this.#peekLength(), length, 4))
        data.children = [this.load(type.kind === 'map' ? type.entries.type : type.child.type)]
        break
      case 'largeList':
        this.#takeFirst(data, offsetBytes(this.#peekLength(), length, 8))
        data.children = [this.load(type.child.type)]
        break
      case 'listView':
      case 'largeListView': {
        const bytes = length * (type.kind === 'listView' ? 4 : 8)
        this.#takeFirst(data, bytes)
        this.#takeSecond(data, bytes)
        data.children = [this.load(type.child.type)]
        break
      }
      case 'fixedSizeList': {
        const child = this.load(type.child.type)
        if (child.length < length * type.size) throw tooShort(type, 'child array', length)
        data.children = [child]
        break
      }
      case 'struct':
        data.children = this.#children(type.children, length)
        break
      case 'union':
        this.#takeFirst(data, length)
        if (type.mode === 'dense') this.#takeSecond(data, length * 4)
        data.children = this.#children(type.children, type.mode === 'dense' ? 0 : length)
        break
      case 'runEndEncoded':
        data.children = [this.load(type.runEnds.type), this.load(type.values.type)]
        if (data.children[1]!.length < data.children[0]!.length) throw tooShort(type, 'values array', length)
        break
      case 'dictionary': {
        this.#takeFirst(data, (length * type.index.bitWidth) / 8)
        const dictionary = this.#dictionaries.get(type.id)
        if (dictionary !== undefined) data.refersTo(dictionary)
        else if (data.nullCount < length) this.#missing(data, type.id)
        break
      }
      default:
        this.#takeFirst(data, Math.ceil((length * fixedBitWidth(type)) / 8))
    }
  }

  /** A dictionary may come before those its own values refer to; a batch may not. */
  #missing(data: ArrayData, id: bigint): void {
    if (this.#unresolved === null) throw new ProtocolError(`Arrow batch: dictionary ${id} was never sent`)
    this.#unresolved.push(data)
  }

  #children(fields: readonly Field[], minLength: number): ArrayData[] {
    return fields.map(({ name, type }) => {
      const child = this.load(type)
      if (child.length < minLength) throw tooShort(type, `child "${name}"`, minLength)
      return child
    })
  }

  #takeFirst(data: ArrayData, minBytes: number): void {
    this.#take()
    if (this.#length < minBytes) throw tooShort(data.type, 'first buffer', data.length)
    data.first = this.#position
    data.firstLength = this.#length
  }

  #takeSecond(data: ArrayData, minBytes: number): void {
    this.#take()
    if (this.#length < minBytes) throw tooShort(data.type, 'second buffer', data.length)
    data.second = this.#position
    data.secondLength = this.#length
  }

  #takeVariadic(data: ArrayData): void {
    if (this.#variadic >= this.#buffer.vectorLength(this.#variadicCounts))
      throw new ProtocolError('Arrow batch: a view column has no count of its data buffers')
    const count = this.#buffer.size(this.#variadicCounts + 4 + 8 * this.#variadic++)
    const parts: number[] = []
    for (let i = 0; i < count; i++) {
      this.#take()
      parts.push(this.#position, this.#length)
    }
    data.variadic = parts
  }

  /** Moves to the next buffer: its place is then in `#position` and `#length`. */
  #take(): void {
    const index = this.#nextBuffer++
    if (index >= this.#bufferCount)
      throw new ProtocolError(`Arrow batch: only ${this.#bufferCount} buffers, the schema needs more`)
    if (this.#decompressed === null) {
      this.#locate(index, this.#body.bytes.length)
    } else {
      this.#position = this.#decompressed[2 * index]!
      this.#length = this.#decompressed[2 * index + 1]!
    }
  }

  #locate(index: number, bodyLength: number): void {
    const entry = this.#buffers + 4 + 16 * index
    this.#position = this.#buffer.size(entry)
    this.#length = this.#buffer.size(entry + 8)
    if (this.#position + this.#length > bodyLength)
      throw new ProtocolError(`Arrow batch: a buffer lies outside the body of ${bodyLength} bytes`)
    this.#bufferBytes += this.#length
    if (this.#bufferBytes > this.#maxBufferBytes)
      throw new LimitError(
        'Arrow batch: its buffers overlap, and hold more than its bytes and maxDecompressedBytes allow',
      )
  }

  /** Length of the buffer `#take` would come to. */
  #peekLength(): number {
    if (this.#nextBuffer >= this.#bufferCount) return 0
    return this.#decompressed === null
      ? this.#buffer.size(this.#buffers + 4 + 16 * this.#nextBuffer + 8)
      : this.#decompressed[2 * this.#nextBuffer + 1]!
  }
}

/** Offsets of an empty array may be left out altogether. */
function offsetBytes(present: number, length: number, width: number): number {
  return length === 0 && present === 0 ? 0 : (length + 1) * width
}

function tooShort(type: DataType, what: string, length: number): ProtocolError {
  return new ProtocolError(
    `Arrow batch: the ${what} of a ${type.kind} array is too short for ${length} values`,
  )
}
