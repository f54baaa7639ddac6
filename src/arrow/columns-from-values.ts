import type { ColumnData } from './column-data.ts'
import { encodeValues, offsetBuffers, viewBuffers } from './columns-from-values-bytes.ts'
import { dictionaryColumn, runEndColumn, unionColumn } from './columns-from-values-encoded.ts'
import { fixedWidthBuffer } from './columns-from-values-fixed.ts'
import { fixedSizeListColumn, listColumn, mapColumn, structColumn } from './columns-from-values-nested.ts'
import { rowKeys } from './row-keys.ts'
import type { Field, Schema } from './schema.ts'
import { typeName } from './type-name.ts'
import { invalidValue, isRecord, type Locate, propertyReader } from './values-walk.ts'

/**
 * Rows as Arrow columns of a given schema. Values take the forms in which this package reads a column
 * of that type, and their obvious neighbours: integers as bigint, safe number or digits; decimals as
 * text, bigint or number; timestamps as `Timestamp`, `Date`, ISO 8601 text or a bigint in the column's
 * unit; and so on. Nothing is rounded except to a narrower float. A missing property is null. Properties
 * are named as in rows that are read: `rowKeys` tells several columns of one name apart.
 * Throws `RowValidationError` for a value that does not fit, a null or a missing property where the
 * field is not nullable, and a property the schema does not have.
 * @param firstRow number of the first row in error messages
 */
export function columnsFromRows(
  schema: Schema,
  rows: ReadonlyArray<Readonly<Record<string, unknown>>>,
  firstRow = 0,
): ColumnData[] {
  const keys = rowKeys(schema.fields)
  const known = new Set(keys)
  for (let i = 0; i < rows.length; i++) checkNames(rows[i], known, firstRow + i)
  return schema.fields.map((field, i) => {
    const values = rows.map(propertyReader(keys[i]))
    return columnFromValues(field, values, (row) => ({ row: firstRow + row, column: keys[i] }))
  })
}

/** One column of a field's type. Throws like `columnsFromRows`. */
export function columnFromValues(field: Field, values: readonly unknown[], at: Locate): ColumnData {
  const { type } = field
  const length = values.length
  const [validity, nullCount] = validityOf(values)
  if (nullCount > 0 && !field.nullable) {
    const i = values.findIndex((value) => value === null || value === undefined)
    throw invalidValue(at(i), values[i], `cannot stand in a column of ${typeName(type)} that is not nullable`)
  }
  const fixed = fixedWidthBuffer(type, values, at)
  if (fixed !== null) return { length, nullCount, buffers: [validity, fixed], children: [] }
  const source = { values, nullCount, validity, at, encode: columnFromValues }
  switch (type.kind) {
    case 'null': {
      const i = values.findIndex((value) => value !== null && value !== undefined)
      if (i >= 0) throw invalidValue(at(i), values[i], 'cannot stand in a column of type Null')
      return { length, nullCount: length, buffers: [], children: [] }
    }
    case 'utf8':
    case 'largeUtf8':
    case 'binary':
    case 'largeBinary': {
      const large = type.kind === 'largeUtf8' || type.kind === 'largeBinary'
      const buffers = offsetBuffers(encodeValues(type, values, at), large)
      return { length, nullCount, buffers: [validity, ...buffers], children: [] }
    }
    case 'utf8View':
    case 'binaryView': {
      const buffers = viewBuffers(encodeValues(type, values, at))
      return {
        length,
        nullCount,
        buffers: [validity, ...buffers],
        children: [],
        variadicCount: buffers.length - 1,
      }
    }
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return listColumn(type, source)
    case 'fixedSizeList':
      return fixedSizeListColumn(type, source)
    case 'struct':
      return structColumn(type, source)
    case 'map':
      return mapColumn(type, source)
    case 'union':
      return unionColumn(type, source)
    case 'dictionary':
      return dictionaryColumn(type, source)
    case 'runEndEncoded':
      return runEndColumn(type, source)
    default:
      throw new TypeError(`${type.kind} has fixed width`)
  }
}

function checkNames(row: unknown, names: ReadonlySet<string>, index: number): void {
  if (!isRecord(row)) {
    throw invalidValue(
      { row: index, column: '' },
      row,
      'is not a row; give an object with a property per column',
    )
  }
  for (const name of Object.keys(row)) {
    if (names.has(name)) continue
    throw invalidValue(
      { row: index, column: name },
      row[name],
      `has no column; there are ${[...names].join(', ')}`,
    )
  }
}

function validityOf(values: readonly unknown[]): [bitmap: Uint8Array | null, nullCount: number] {
  let bitmap: Uint8Array | null = null
  let nullCount = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== null && values[i] !== undefined) continue
    bitmap ??= new Uint8Array(Math.ceil(values.length / 8)).fill(0xff)
    bitmap[i >> 3] &= ~(1 << (i & 7))
    nullCount++
  }
  return [bitmap, nullCount]
}
