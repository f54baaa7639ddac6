import * as arrow from 'apache-arrow'
import { makeRecordBatch, toArrowSchema, unsupported } from './apache-arrow-types.ts'
import { type ArrayData, bigint64s, checkedOffsets, fixedBitWidth, int32s } from './array-data.ts'
import type { DecodedBatch } from './decoded-batch.ts'
import type { Dictionary } from './dictionary.ts'
import { DictionaryIndices, RunEnds } from './readers/encoded.ts'
import { checkedChildren, listRanges } from './readers/nested.ts'
import { checkedViews } from './readers/views.ts'

/*
 * Received arrays as apache-arrow objects over the same memory. Only buffers that lie unaligned are copied.
 * Loaded with `import()`, for apache-arrow takes longer to load than a query takes.
 */

/** Throws `UnsupportedError`, naming the column, for types apache-arrow has no class for. */
export function toRecordBatch(batch: DecodedBatch): arrow.RecordBatch {
  const schema = toArrowSchema(batch.schema)
  const children = batch.columns.map((column, i) =>
    toData(column, schema.fields[i]!.type, schema.names[i] as string),
  )
  return makeRecordBatch(schema, batch.rowCount, children)
}

function toData(data: ArrayData, type: arrow.DataType, column: string): arrow.Data {
  const { length, body } = data
  const nullCount = data.validity < 0 ? 0 : data.nullCount
  const nullBitmap = data.validity < 0 ? undefined : bytesAt(data, data.validity, Math.ceil(length / 8), 1)
  const makeData = (parts: object) =>
    arrow.makeData({
      type,
      length,
      nullCount,
      nullBitmap,
      ...parts,
    } as never) as unknown as arrow.Data
  switch (data.type.kind) {
    case 'null':
      return makeData({ nullCount: length })
    case 'utf8':
    case 'binary':
    case 'largeUtf8':
    case 'largeBinary':
      return makeData({
        valueOffsets: offsets(data, data.secondLength),
        data: bytesAt(data, data.second, data.secondLength, 1),
      })
    case 'utf8View':
    case 'binaryView': {
      checkedViews(data)
      const variadicBuffers: Uint8Array[] = []
      for (let i = 0; i < data.variadic.length; i += 2)
        variadicBuffers.push(bytesAt(data, data.variadic[i]!, data.variadic[i + 1]!, 1))
      return makeData({ views: bytesAt(data, data.first, length * 16, 1), variadicBuffers })
    }
    case 'list':
    case 'map':
    case 'largeList': {
      const [child] = children(data, type, column)
      return makeData({ valueOffsets: offsets(data, child!.length), child })
    }
    case 'fixedSizeList':
      return makeData({ child: children(data, type, column)[0] })
    case 'struct':
      return makeData({ children: children(data, type, column) })
    case 'union':
      if (data.validity >= 0) throw unsupported(column, 'union with nulls of its own')
      checkedChildren(data, data.type)
      return makeData({
        nullBitmap: undefined,
        typeIds: bytesAt(data, data.first, length, 1),
        valueOffsets: data.type.mode === 'dense' ? int32s(body, data.second, length) : undefined,
        children: children(data, type, column),
      })
    case 'dictionary': {
      const width = data.type.index.bitWidth / 8
      const indices = new DictionaryIndices(data, data.type.index)
      return makeData({
        data:
          width === 8
            ? Int32Array.from({ length }, (_, i) => (data.isNull(i) ? 0 : indices.at(i)))
            : bytesAt(data, data.first, length * width, width),
        dictionary: dictionaryVector(data.dictionary, type as arrow.Dictionary, column),
      })
    }
    case 'runEndEncoded': {
      const runs = new RunEnds(data)
      const indices = Int32Array.from({ length }, (_, row) => runs.at(row))
      const values = toData(data.children[1]!, (type as arrow.Dictionary).dictionary, column)
      return makeData({
        ...nullsOfRuns(values, indices),
        data: indices,
        dictionary: new arrow.Vector([values]),
      })
    }
    case 'listView':
    case 'largeListView':
      return makeData({
        valueOffsets: contiguousOffsets(data, column),
        child: children(data, type, column)[0],
      })
    default: {
      const bits = fixedBitWidth(data.type)
      // Bytes in a row for bools and fixed-size binary; otherwise typed arrays of at most eight bytes.
      const alignment = data.type.kind === 'fixedSizeBinary' || bits === 1 ? 1 : Math.min(bits / 8, 8)
      return makeData({ data: bytesAt(data, data.first, Math.ceil((length * bits) / 8), alignment) })
    }
  }
}

/**
 * The vectors made of dictionaries, with the chunks they had then. Columns and batches that share a dictionary
 * share its vector too, as apache-arrow wants it where it writes them.
 */
const vectors = new WeakMap<Dictionary, { chunks: arrow.Data[]; vector: arrow.Vector }>()

function dictionaryVector(
  dictionary: Dictionary | null,
  type: arrow.Dictionary,
  column: string,
): arrow.Vector | undefined {
  if (dictionary === null || dictionary.chunks.length === 0) return undefined
  const known = vectors.get(dictionary)
  if (known !== undefined && known.chunks.length === dictionary.chunks.length) return known.vector
  const chunks = known?.chunks.slice() ?? []
  for (let i = chunks.length; i < dictionary.chunks.length; i++)
    chunks.push(toData(dictionary.chunks[i]!, type.dictionary, column))
  const vector = new arrow.Vector(chunks)
  vectors.set(dictionary, { chunks, vector })
  return vector
}

function children(data: ArrayData, type: arrow.DataType, column: string): arrow.Data[] {
  return data.children.map((child, i) => toData(child, (type.children as arrow.Field[])[i]!.type, column))
}

function offsets(data: ArrayData, limit: number): Int32Array | BigInt64Array {
  const wide = data.type.kind.startsWith('large')
  const checked = checkedOffsets(data, wide, limit)
  if (checked instanceof Int32Array && !wide) return checked
  return data.length === 0 ? new BigInt64Array(1) : bigint64s(data.body, data.first, data.length + 1)
}

/** Bytes a typed array can be laid over: copied only where they do not lie on a multiple of `alignment`. */
function bytesAt(data: ArrayData, position: number, length: number, alignment: number): Uint8Array {
  const { bytes } = data.body
  const start = bytes.byteOffset + position
  return start % alignment === 0
    ? new Uint8Array(bytes.buffer, start, length)
    : Uint8Array.prototype.slice.call(bytes, position, position + length)
}

/** Nulls of run-end encoded arrays are those of their values. */
function nullsOfRuns(
  values: arrow.Data,
  indices: Int32Array,
): { nullCount: number; nullBitmap?: Uint8Array } {
  if (values.nullCount === 0) return { nullCount: 0 }
  const nullBitmap = new Uint8Array(Math.ceil(indices.length / 8))
  let nullCount = 0
  indices.forEach((run, row) => {
    if (values.getValid(run)) nullBitmap[row >> 3]! |= 1 << (row & 7)
    else nullCount++
  })
  return { nullCount, nullBitmap }
}

/** List views whose lists follow each other without gaps, as most writers lay them, are lists. */
function contiguousOffsets(data: ArrayData, column: string): Int32Array | BigInt64Array {
  const ranges = listRanges(data)
  const offsets = new Float64Array(data.length + 1)
  let end = -1
  for (let i = 0; i < data.length; i++) {
    const length = data.isNull(i) ? 0 : ranges.length(i)
    if (length > 0) {
      if (end < 0) {
        end = ranges.start(i)
        offsets.fill(end, 0, i + 1)
      }
      if (ranges.start(i) !== end) throw unsupported(column, 'list view whose lists do not lie in order')
      end += length
    }
    offsets[i + 1] = Math.max(end, 0)
  }
  return data.type.kind === 'listView' ? Int32Array.from(offsets) : BigInt64Array.from(offsets, BigInt)
}
