import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { Schema } from '../../arrow/schema.ts'
import { displayCell } from './display-cells.ts'

/** The header line, as arrow-csv writes it. */
export function csvHeader(schema: Schema): string {
  return `${schema.fields.map(({ name }) => quoted(name)).join(',')}\n`
}

/** The lines of a batch. A null is an empty field; an empty text is `""`. */
export function csvRows(schema: Schema, batch: ColumnBatch): string {
  const cells = schema.fields.map(({ type }, index) => displayCell(type, batch.columns[index]))
  const lines = Array.from({ length: batch.length }, (_, row) =>
    cells
      .map((cell) => {
        const text = cell(row)
        return text === null ? '' : quoted(text)
      })
      .join(','),
  )
  return lines.map((line) => `${line}\n`).join('')
}

function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
