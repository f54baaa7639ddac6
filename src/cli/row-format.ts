import { Timestamp } from '../arrow/timestamp.ts'
import type { Row } from '../client/result.ts'
import { fitText, textWidth } from './text-width.ts'

/**
 * A value as the text a person or a CSV reader expects: strings bare, timestamps and dates ISO 8601,
 * binary as hexadecimal digits, nested values as JSON with exact integers. Null is the empty string.
 */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  if (value instanceof Timestamp || value instanceof Date) return value.toJSON()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return jsonText(value)
}

/**
 * JSON in which integers of any size are bare numbers with all their digits, as the runtime's own
 * JSON has them; NaN and infinities are their names, as in `Query.json()`; maps with text keys are objects,
 * other maps lists of pairs, binary hexadecimal.
 */
export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`
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

/** One line of RFC 4180 CSV. Null is nothing and an empty text `""`, which readers that know nulls tell apart. */
function csvLine(values: readonly unknown[]): string {
  return `${values.map((value) => (value === null ? '' : csvCell(cellText(value)))).join(',')}\r\n`
}

function csvCell(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows a table is laid out for at a time: column widths follow the first of them. */
const TABLE_PAGE = 1000
const MAX_CELL = 60
/** Code units of a text that are looked at to fill a cell; the rest may be megabytes. */
const LOOKED_AT = 4096

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
      const heads = names.map(shorten)
      widths = heads.map((head, column) =>
        page.reduce((width, cells) => Math.max(width, textWidth(cells[column]!)), textWidth(head)),
      )
      yield layOut(heads, widths, [])
      yield widths.map((width) => '-'.repeat(width)).join('  ')
    }
    for (const cells of page) yield layOut(cells, widths, right)
    page = []
  }
  for await (const row of rows) {
    names ??= columns()
    const values = names.map((name) => row[name])
    if (widths === undefined) {
      right = values.map((value, i) => right[i] || typeof value === 'number' || typeof value === 'bigint')
    }
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
    yield csvLine(names.map((name) => row[name] ?? null))
  }
  if (names === undefined) yield csvLine(columns())
}

function layOut(cells: readonly string[], widths: readonly number[], right: readonly boolean[]): string {
  return cells
    .map((cell, column) => {
      const padding = ' '.repeat(Math.max(0, widths[column]! - textWidth(cell)))
      return right[column] ? padding + cell : cell + padding
    })
    .join('  ')
    .trimEnd()
}

/** Control characters, and those that change the direction of what follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A terminal cell holds nothing that controls the terminal, and of a long text only its beginning. */
function shorten(text: string): string {
  const visible = text.slice(0, LOOKED_AT).replace(UNSAFE, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1)
    return escaped === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped
  })
  return fitText(visible, MAX_CELL)
}
