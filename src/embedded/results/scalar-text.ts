import type { ColumnData } from '../../arrow/column-data.ts'
import type { DataType } from '../../arrow/schema.ts'
import { bitTest, floatView, int64Reader, int128Reader, viewOf } from './column-access.ts'
import { dateText, decimalText, floatText, intervalText, timestampFormatter, timeText } from './value-text.ts'

/** The text of a value that is not null. `json` says how it stands in JSON: bare, in quotes, or as a null. */
export interface ScalarText {
  readonly json: 'bare' | 'quoted'
  /** Null for a value JSON has no text for: NaN and the infinities. */
  read(row: number): string | null
}

/**
 * How the values of a column read, for every type that is one value of a fixed width. Null for text,
 * binary and nested types, which each format writes in its own way.
 */
export function scalarText(type: DataType, column: ColumnData): ScalarText | null {
  switch (type.kind) {
    case 'bool': {
      const isTrue = bitTest(column.buffers[1]!)
      return { json: 'bare', read: (row) => (isTrue(row) ? 'true' : 'false') }
    }
    case 'int': {
      const read = integerReader(type, column)
      return { json: 'bare', read: (row) => String(read(row)) }
    }
    case 'float': {
      const values = floatView(type.bitWidth, column)
      return {
        json: 'bare',
        read: (row) => (Number.isFinite(values[row]) ? floatText(values[row], type.bitWidth) : null),
      }
    }
    case 'decimal': {
      const read = int128Reader(column)
      return { json: 'bare', read: (row) => decimalText(read(row), type.scale) }
    }
    case 'date': {
      const days = viewOf(Int32Array, column)
      return { json: 'quoted', read: (row) => dateText(days[row]) }
    }
    case 'timestamp': {
      const read = int64Reader(column, true)
      const show = timestampFormatter(type.unit, type.timezone !== null)
      return { json: 'quoted', read: (row) => show(read(row)) }
    }
    case 'time': {
      const read = int64Reader(column, true)
      return { json: 'quoted', read: (row) => timeText(Number(read(row)), type.unit) }
    }
    case 'interval': {
      const words = viewOf(Int32Array, column)
      return {
        json: 'quoted',
        read: (row) => {
          const nanoseconds = (BigInt(words[row * 4 + 3]) << 32n) | BigInt(words[row * 4 + 2] >>> 0)
          return intervalText(words[row * 4], words[row * 4 + 1], nanoseconds)
        },
      }
    }
    default:
      return null
  }
}

export function integerReader(
  type: Extract<DataType, { kind: 'int' }>,
  column: ColumnData,
  buffer = 1,
): (row: number) => number | bigint {
  if (type.bitWidth === 64) return int64Reader(column, type.signed)
  const values = {
    8: type.signed ? Int8Array : Uint8Array,
    16: type.signed ? Int16Array : Uint16Array,
    32: type.signed ? Int32Array : Uint32Array,
  }[type.bitWidth]
  const view = viewOf<Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array>(
    values,
    column,
    buffer,
  )
  return (row) => view[row]
}
