import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { rowsFromIpc } from '../../src/arrow/ipc-stream.ts'
import { frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { type DataType, type Field, field, type IntType, NO_METADATA } from '../../src/arrow/schema.ts'

export type Rows = Record<string, unknown>[]

export function throughIpc(fields: readonly Field[], rows: Rows): Rows {
  const schema = { fields, metadata: NO_METADATA }
  const batch = { length: rows.length, columns: columnsFromRows(schema, rows) }
  return rowsFromIpc(joined(frameIpcStream(schema, [batch])))
}

export function joined(parts: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...parts]))
}

/** What is read back when these values are written to a column of a type. */
export function readBack(type: DataType, values: readonly unknown[]): unknown[] {
  return throughIpc(
    [field('column', type)],
    values.map((value) => ({ column: value })),
  ).map((row) => row.column)
}

export const int = (bitWidth: 8 | 16 | 32 | 64, signed = true): IntType => ({ kind: 'int', bitWidth, signed })
export const utf8: DataType = { kind: 'utf8' }
export const nanoseconds: DataType = { kind: 'timestamp', unit: 'nanosecond', timezone: null }
export const mapType: DataType = {
  kind: 'map',
  keysSorted: false,
  entries: field(
    'entries',
    { kind: 'struct', children: [field('key', utf8, false), field('value', int(32))] },
    false,
  ),
}
