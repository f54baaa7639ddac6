import { ProtocolError } from '../errors.ts'
import { ArrayData, Body, fixedBitWidth } from './array-data.ts'
import { DecodedBatch } from './decoded-batch.ts'
import { Dictionary } from './dictionary.ts'
import { type ForeignSchema, fromArrowSchema } from './from-apache-arrow-types.ts'
import type { RowObject } from './object-builder.ts'
import { ReadPlan } from './read-plan.ts'
import type { DataType } from './schema.ts'
import { ExpansionBudget } from './value-reader.ts'

/** A RecordBatch of any copy of apache-arrow. */
export interface ForeignBatch {
  readonly schema: ForeignSchema
  readonly data: ForeignData
}

/** Its `Data`: an array's buffers, of which a slice keeps whole what counts in bits. */
interface ForeignData {
  readonly length: number
  readonly offset: number
  readonly nullCount: number
  readonly nullBitmap?: Uint8Array | null
  readonly values?: ArrayBufferView | null
  readonly valueOffsets?: ArrayBufferView | null
  readonly typeIds?: ArrayBufferView | null
  readonly variadicBuffers?: ReadonlyArray<ArrayBufferView>
  readonly children: readonly ForeignData[]
  readonly dictionary?: { readonly data: readonly ForeignData[] } | null
}

const plans = new WeakMap<ForeignSchema, ReadPlan>()

/**
 * The rows of an apache-arrow batch, with the exact values that reading it from IPC bytes would give. Throws
 * `UnsupportedError` for types that are not known and `ProtocolError` for buffers that are too short.
 */
export function rowsFromArrow(batch: ForeignBatch): RowObject[] {
  let plan = plans.get(batch.schema)
  if (plan === undefined) {
    plan = new ReadPlan(fromArrowSchema(batch.schema), {})
    plans.set(batch.schema, plan)
  }
  const dictionaries: Dictionaries = new Map()
  const columns = plan.schema.fields.map(({ type }, i) =>
    arrayOf(batch.data.children[i]!, type, batch.data.length, dictionaries),
  )
  const rows: RowObject[] = []
  // The memory is the application's own: nothing in it is hostile.
  new DecodedBatch(plan, batch.data.length, columns, new ExpansionBudget(Number.MAX_SAFE_INTEGER)).appendRows(
    rows,
  )
  return rows
}

/** Those made already, by apache-arrow's vectors of them. */
type Dictionaries = Map<object, Dictionary>

function arrayOf(data: ForeignData, type: DataType, minLength: number, known: Dictionaries): ArrayData {
  const { length } = data
  if (length < minLength) throw tooShort(type)
  const buffers = new Buffers(type)
  const hasNulls =
    type.kind !== 'null' && type.kind !== 'union' && data.nullCount > 0 && (data.nullBitmap?.length ?? 0) > 0
  const validity = hasNulls
    ? buffers.add(bitsFrom(data.nullBitmap!, data.offset, length), Math.ceil(length / 8))
    : -1
  const parts = { first: 0, firstLength: 0, second: 0, secondLength: 0, variadic: [] as number[] }
  const first = (view: ArrayBufferView | null | undefined, minBytes: number) => {
    parts.first = buffers.add(view, minBytes)
    parts.firstLength = buffers.lastLength
  }
  const second = (view: ArrayBufferView | null | undefined, minBytes: number) => {
    parts.second = buffers.add(view, minBytes)
    parts.secondLength = buffers.lastLength
  }
  const children = (fields: readonly DataType[], minLength = 0) =>
    fields.map((child, i) => arrayOf(data.children[i]!, child, minLength, known))
  let made: readonly ArrayData[] = []
  const offsetBytes = (width: number) => (length === 0 ? 0 : (length + 1) * width)
  switch (type.kind) {
    case 'null':
      break
    case 'utf8':
    case 'binary':
    case 'largeUtf8':
    case 'largeBinary':
      first(data.valueOffsets, offsetBytes(type.kind.startsWith('large') ? 8 : 4))
      second(data.values, 0)
      break
    case 'utf8View':
    case 'binaryView':
      first(data.values, length * 16)
      for (const view of data.variadicBuffers ?? [])
        parts.variadic.push(buffers.add(view, 0), buffers.lastLength)
      break
    case 'list':
    case 'largeList':
      first(data.valueOffsets, offsetBytes(type.kind === 'list' ? 4 : 8))
      made = children([type.child.type])
      break
    case 'map':
      first(data.valueOffsets, offsetBytes(4))
      made = children([type.entries.type])
      break
    case 'fixedSizeList':
      made = children([type.child.type], length * type.size)
      break
    case 'struct':
      made = children(
        type.children.map((child) => child.type),
        length,
      )
      break
    case 'union':
      first(data.typeIds, length)
      if (type.mode === 'dense') second(data.valueOffsets, length * 4)
      made = children(
        type.children.map((child) => child.type),
        type.mode === 'dense' ? 0 : length,
      )
      break
    case 'dictionary':
      first(data.values, (length * type.index.bitWidth) / 8)
      break
    case 'bool':
      first(bitsFrom(bytesOf(data.values), data.offset, length), Math.ceil(length / 8))
      break
    default:
      first(data.values, (length * fixedBitWidth(type)) / 8)
  }
  const array = new ArrayData(
    type,
    length,
    hasNulls ? data.nullCount : 0,
    new Body(buffers.joined()),
    validity,
  )
  Object.assign(array, parts, { children: made })
  if (type.kind === 'dictionary' && data.dictionary)
    array.refersTo(dictionaryOf(data.dictionary, type.value, known))
  return array
}

function dictionaryOf(
  vector: { readonly data: readonly ForeignData[] },
  type: DataType,
  known: Dictionaries,
): Dictionary {
  let dictionary = known.get(vector)
  if (dictionary === undefined) {
    dictionary = new Dictionary(type)
    for (const chunk of vector.data) dictionary.append(arrayOf(chunk, type, 0, known))
    known.set(vector, dictionary)
  }
  return dictionary
}

/** Buffers of one array, laid into one body, each at a multiple of eight bytes. */
class Buffers {
  readonly #type: DataType
  readonly #parts: Uint8Array[] = []
  #length = 0
  lastLength = 0

  constructor(type: DataType) {
    this.#type = type
  }

  /** Returns where the buffer will lie. */
  add(view: ArrayBufferView | null | undefined, minBytes: number): number {
    const bytes = bytesOf(view)
    if (bytes.length < minBytes) throw tooShort(this.#type)
    this.#parts.push(bytes)
    const position = this.#length
    this.#length += Math.ceil(bytes.length / 8) * 8
    this.lastLength = bytes.length
    return position
  }

  joined(): Uint8Array {
    const body = new Uint8Array(this.#length)
    let position = 0
    for (const part of this.#parts) {
      body.set(part, position)
      position += Math.ceil(part.length / 8) * 8
    }
    return body
  }
}

function bytesOf(view: ArrayBufferView | null | undefined): Uint8Array {
  return view ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array(0)
}

/** `length` bits from bit `offset` on. */
function bitsFrom(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const start = offset >> 3
  const shift = offset & 7
  if (shift === 0) return bytes.subarray(start, start + Math.ceil(length / 8))
  const shifted = new Uint8Array(Math.ceil(length / 8))
  for (let i = 0; i < shifted.length; i++)
    shifted[i] = (bytes[start + i]! >> shift) | ((bytes[start + i + 1] ?? 0) << (8 - shift))
  return shifted
}

function tooShort(type: DataType): ProtocolError {
  return new ProtocolError(`apache-arrow data of type ${type.kind} is shorter than it says`)
}
