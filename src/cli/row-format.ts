import { Timestamp } from '../arrow/timestamp.ts'
import type { Row } from '../client/result.ts'

/**
 * A value as the text a person or a CSV reader expects: strings bare, timestamps and dates ISO 8601,
 * binary as hexadecimal digits, nested values as JSON with exact integers. Null is the empty string.
 */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  if (value instanceof Timestamp || value instanceof Date) return value.toJSON()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return jsonText(value)
}

/**
 * JSON in which integers of any size are bare numbers with all their digits, as the runtime's own
 * JSON has them; maps with text keys are objects, other maps lists of pairs, binary hexadecimal.
 */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null'
  if (typeof value !== 'object') return JSON.stringify(value)
  if (value instanceof Date) return JSON.stringify(value)
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('hex')}"`
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (value instanceof Map) {
    const entries = [...value]
    if (!entries.every(([key]) => typeof key === 'string')) return jsonText(entries)
    return members(entries as Array<[string, unknown]>)
  }
  return members(Object.entries(value))
}

function members(entries: ReadonlyArray<readonly [string, unknown]>): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`
}

/** One line of RFC 4180 CSV. */
function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
  return `${quoted.join(',')}\r\n`
}

/** Rows a table is laid out for at a time: column widths follow the first of them. */
const TABLE_PAGE = 1000
const MAX_CELL = 60

/**
 * Lays rows out in columns, figures to the right. Yields lines; memory stays bounded by one page.
 * @param columns asked once the first row or the end has come, when a result's columns are known
 */
export async function* tableLines(rows: AsyncIterable<Row>, columns: () => string[]): AsyncGenerator<string> {
  let page: string[][] = []
  let names: string[] | undefined
  let widths: number[] | undefined
  let right: boolean[] = []
  let count = 0
  const flush = function* (): Generator<string> {
    names ??= columns()
    if (widths === undefined) {
      widths = names.map((name, column) =>
        Math.max(name.length, ...page.map((cells) => cells[column]!.length)),
      )
      yield layOut(names, widths, [])
      yield widths.map((width) => '-'.repeat(width)).join('  ')
    }
    for (const cells of page) yield layOut(cells, widths, right)
    page = []
  }
  for await (const row of rows) {
    names ??= columns()
    const values = names.map((name) => row[name])
    if (count === 0) right = values.map((value) => typeof value === 'number' || typeof value === 'bigint')
    page.push(values.map((value) => shorten(value === null ? 'NULL' : cellText(value))))
    count++
    if (page.length === TABLE_PAGE) yield* flush()
  }
  if (page.length > 0 || widths === undefined) yield* flush()
  yield `(${count} ${count === 1 ? 'row' : 'rows'})`
}

/** A header and the rows as CSV lines with their line ends. */
export async function* csvLines(rows: AsyncIterable<Row>, columns: () => string[]): AsyncGenerator<string> {
  let names: string[] | undefined
  for await (const row of rows) {
    if (names === undefined) {
      names = columns()
      yield csvLine(names)
    }
    yield csvLine(names.map((name) => cellText(row[name])))
  }
  if (names === undefined) yield csvLine(columns())
}

function layOut(cells: readonly string[], widths: readonly number[], right: readonly boolean[]): string {
  return cells
    .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
    .join('  ')
    .trimEnd()
}

/** A terminal cell holds no control characters, and a long text only its beginning. */
function shorten(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  const visible = text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => JSON.stringify(character).slice(1, -1))
  return visible.length > MAX_CELL ? `${visible.slice(0, MAX_CELL - 1)}…` : visible
}
