import type { ColumnData } from '../../arrow/column-data.ts'
import type { DataType } from '../../arrow/schema.ts'
import { floatView, nullTest, viewOf } from './column-access.ts'
import { integerReader, scalarText } from './scalar-text.ts'

/** The text of a cell for people and for CSV; null for a null. */
export type DisplayCell = (row: number) => string | null

/** Cells as arrow-rs displays them: `[1, 2]` for lists, `{a: 1}` for structs and maps, hex for binary. */
export function displayCell(type: DataType, column: ColumnData): DisplayCell {
  if (type.kind === 'null') return () => null
  const isNull = nullTest(column)
  const read = valueReader(type, column)
  return (row) => (isNull(row) ? null : read(row))
}

function valueReader(type: DataType, column: ColumnData): (row: number) => string | null {
  const scalar = scalarText(type, column)
  if (scalar) {
    if (type.kind !== 'float') return scalar.read
    const values = floatView(type.bitWidth, column)
    return (row) => scalar.read(row) ?? nonFiniteText(values[row])
  }
  switch (type.kind) {
    case 'utf8':
    case 'binary': {
      const offsets = viewOf(Int32Array, column)
      const bytes = Buffer.from(
        column.buffers[2]!.buffer,
        column.buffers[2]!.byteOffset,
        column.buffers[2]!.byteLength,
      )
      const encoding = type.kind === 'utf8' ? 'utf8' : 'hex'
      return (row) => bytes.toString(encoding, offsets[row], offsets[row + 1])
    }
    case 'dictionary': {
      const indexOf = integerReader(type.index, column)
      const value = displayCell(type.value, column.dictionary!.values)
      return (row) => value(Number(indexOf(row)))
    }
    case 'list': {
      const offsets = viewOf(Int32Array, column)
      const item = displayCell(type.child.type, column.children[0])
      return (row) => listText(item, offsets[row], offsets[row + 1])
    }
    case 'fixedSizeList': {
      const item = displayCell(type.child.type, column.children[0])
      return (row) => listText(item, row * type.size, (row + 1) * type.size)
    }
    case 'struct': {
      const members = type.children.map((child, index) => ({
        name: child.name,
        cell: displayCell(child.type, column.children[index]),
      }))
      return (row) => `{${members.map(({ name, cell }) => `${name}: ${cell(row) ?? ''}`).join(', ')}}`
    }
    case 'map': {
      const entries = type.entries.type as Extract<DataType, { kind: 'struct' }>
      const [key, value] = entries.children.map((child, index) =>
        displayCell(child.type, column.children[0].children[index]),
      )
      const offsets = viewOf(Int32Array, column)
      return (row) => {
        const parts: string[] = []
        for (let entry = offsets[row]; entry < offsets[row + 1]; entry++) {
          parts.push(`${key(entry)}: ${value(entry) ?? ''}`)
        }
        return `{${parts.join(', ')}}`
      }
    }
    case 'union': {
      const typeIds = viewOf(Int8Array, column, 0)
      const offsets = viewOf(Int32Array, column, 1)
      const members = new Map(
        type.typeIds.map((id, index) => [id, displayCell(type.children[index].type, column.children[index])]),
      )
      return (row) => members.get(typeIds[row])!(offsets[row])
    }
    default:
      throw new TypeError(`a column of the type ${type.kind} cannot be displayed`)
  }
}

function listText(item: DisplayCell, start: number, end: number): string {
  return `[${Array.from({ length: end - start }, (_, index) => item(start + index) ?? '').join(', ')}]`
}

function nonFiniteText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? 'inf' : '-inf'
}
