import type { ColumnData } from '../../arrow/column-data.ts'
import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { DataType, Field, Schema } from '../../arrow/schema.ts'
import { EngineError } from '../engine/engine-error.ts'
import { ByteWriter } from './byte-writer.ts'
import { nullTest, viewOf } from './column-access.ts'
import { integerReader, scalarText } from './scalar-text.ts'

export interface JsonOptions {
  /** Write `"column":null`; otherwise the key of a null is left out. */
  readonly explicitNulls: boolean
}

type WriteCell = (row: number) => void

interface Cell {
  readonly isNull: (row: number) => boolean
  /** Called only for values that are not null. */
  readonly write: WriteCell
}

interface CellContext {
  readonly out: ByteWriter
  readonly options: JsonOptions
  /** Inside a union decimals are strings, and NaN cannot be written. */
  readonly inUnion: boolean
}

const COMMA = 0x2c
const INITIAL_BYTES_PER_CELL = 16

/**
 * The rows of a batch as JSON objects separated by commas, without the array around them, in the form
 * arrow-json gives them: 64-bit integers and decimals as bare numbers with every digit, NaN as null,
 * binary as lower-case hex, dates and times as text.
 */
export function jsonRows(schema: Schema, batch: ColumnBatch, options: JsonOptions): Buffer {
  const out = new ByteWriter(64 + batch.length * schema.fields.length * INITIAL_BYTES_PER_CELL)
  const writeRow = objectWriter(schema.fields, batch.columns, { out, options, inUnion: false })
  for (let row = 0; row < batch.length; row++) {
    if (row > 0) out.byte(COMMA)
    writeRow(row)
  }
  return out.take()
}

function objectWriter(
  fields: readonly Field[],
  columns: readonly ColumnData[],
  context: CellContext,
): WriteCell {
  const { out, options } = context
  const members = fields.map((field, index) => ({
    key: Buffer.from(`${JSON.stringify(field.name)}:`),
    ...cellOf(field.type, columns[index], context),
  }))
  return (row) => {
    out.byte(0x7b)
    let first = true
    for (const { key, isNull, write } of members) {
      const missing = isNull(row)
      if (missing && !options.explicitNulls) continue
      if (!first) out.byte(COMMA)
      first = false
      out.bytes(key)
      if (missing) out.ascii('null')
      else write(row)
    }
    out.byte(0x7d)
  }
}

function cellOf(type: DataType, column: ColumnData, context: CellContext): Cell {
  if (type.kind === 'null') return { isNull: () => true, write: () => {} }
  if (type.kind === 'union') return unionCell(type, column, context)
  return { isNull: nullTest(column), write: valueWriter(type, column, context) }
}

function valueWriter(type: DataType, column: ColumnData, context: CellContext): WriteCell {
  const { out } = context
  const scalar = scalarText(type, column)
  if (scalar) {
    const { read } = scalar
    const quoted = scalar.json === 'quoted' || (context.inUnion && type.kind === 'decimal')
    if (quoted) return (row) => out.ascii(`"${read(row)}"`)
    return (row) => {
      const text = read(row)
      if (text === null && context.inUnion)
        throw new EngineError('statement', 'a union holds NaN, which JSON cannot hold')
      out.ascii(text ?? 'null')
    }
  }
  switch (type.kind) {
    case 'utf8': {
      const offsets = viewOf(Int32Array, column)
      const bytes = column.buffers[2]!
      return (row) => out.jsonString(bytes, offsets[row], offsets[row + 1])
    }
    case 'binary': {
      const offsets = viewOf(Int32Array, column)
      const bytes = bufferOf(column.buffers[2]!)
      return (row) => out.ascii(`"${bytes.toString('hex', offsets[row], offsets[row + 1])}"`)
    }
    case 'dictionary': {
      const indexOf = integerReader(type.index, column)
      const value = cellOf(type.value, column.dictionary!.values, context)
      return (row) => value.write(Number(indexOf(row)))
    }
    case 'list': {
      const offsets = viewOf(Int32Array, column)
      const writeItems = arrayWriter(type.child.type, column.children[0], context)
      return (row) => writeItems(offsets[row], offsets[row + 1])
    }
    case 'fixedSizeList': {
      const writeItems = arrayWriter(type.child.type, column.children[0], context)
      return (row) => writeItems(row * type.size, (row + 1) * type.size)
    }
    case 'struct':
      return objectWriter(type.children, column.children, context)
    case 'map':
      return mapWriter(type, column, context)
    default:
      throw new EngineError('statement', `a column of the type ${type.kind} cannot be written as JSON`)
  }
}

function arrayWriter(
  type: DataType,
  items: ColumnData,
  context: CellContext,
): (start: number, end: number) => void {
  const { out } = context
  const { isNull, write } = cellOf(type, items, context)
  return (start, end) => {
    out.byte(0x5b)
    for (let item = start; item < end; item++) {
      if (item > start) out.byte(COMMA)
      if (isNull(item)) out.ascii('null')
      else write(item)
    }
    out.byte(0x5d)
  }
}

/** A map is an object, so its keys have to be text. */
function mapWriter(
  type: Extract<DataType, { kind: 'map' }>,
  column: ColumnData,
  context: CellContext,
): WriteCell {
  const { out, options } = context
  const entries = type.entries.type
  if (entries.kind !== 'struct' || entries.children[0].type.kind !== 'utf8') {
    throw new EngineError('statement', 'JSON can hold a map only if its keys are text; cast them to VARCHAR')
  }
  const [keys, values] = column.children[0].children
  const key = cellOf(entries.children[0].type, keys, context)
  const value = cellOf(entries.children[1].type, values, context)
  const offsets = viewOf(Int32Array, column)
  return (row) => {
    out.byte(0x7b)
    let first = true
    for (let entry = offsets[row]; entry < offsets[row + 1]; entry++) {
      const missing = value.isNull(entry)
      if (missing && !options.explicitNulls) continue
      if (!first) out.byte(COMMA)
      first = false
      key.write(entry)
      out.byte(0x3a)
      if (missing) out.ascii('null')
      else value.write(entry)
    }
    out.byte(0x7d)
  }
}

/** A dense union: the type of each row, and where its value stands in the child of that type. */
function unionCell(
  type: Extract<DataType, { kind: 'union' }>,
  column: ColumnData,
  context: CellContext,
): Cell {
  const typeIds = viewOf(Int8Array, column, 0)
  const offsets = viewOf(Int32Array, column, 1)
  const inner = { ...context, inUnion: true }
  const members = new Map(
    type.typeIds.map((id, index) => [id, cellOf(type.children[index].type, column.children[index], inner)]),
  )
  return {
    isNull: (row) => members.get(typeIds[row])!.isNull(offsets[row]),
    write: (row) => members.get(typeIds[row])!.write(offsets[row]),
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
