import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { Schema } from '../../arrow/schema.ts'
import { displayCell } from './display-cells.ts'

/** A table drawn with `+`, `-` and `|`, as arrow-rs prints record batches; nulls are empty. */
export function textTable(schema: Schema, batches: readonly ColumnBatch[]): string {
  const rows = batches.flatMap((batch) => {
    const cells = schema.fields.map(({ type }, index) => displayCell(type, batch.columns[index]))
    return Array.from({ length: batch.length }, (_, row) => cells.map((cell) => cell(row) ?? ''))
  })
  const header = schema.fields.map(({ name }) => name)
  const widths = header.map((name, column) =>
    rows.reduce(
      (width, row) => Math.max(width, width < row[column].length ? row[column].length : 0),
      name.length,
    ),
  )
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[]) =>
    `|${cells.map((cell, column) => ` ${cell.padEnd(widths[column])} `).join('|')}|`
  return [rule, line(header), rule, ...rows.map(line), ...(rows.length > 0 ? [rule] : [])].join('\n')
}
