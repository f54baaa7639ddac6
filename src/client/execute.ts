import { quoteValue } from '../arrow/unfit-value.ts'
import { ParameterError } from '../errors.ts'
import { SqlFragment } from '../sql/fragment.ts'
import type { Parameters } from './query-options.ts'
import type { Row, Statement } from './result.ts'

/** What a statement that changes data gave back. */
export interface ExecuteResult {
  /** Rows changed, where the runtime says so. */
  rowCount: bigint | null
  /** Whatever rows came: usually one with the count, or those of `RETURNING`. */
  rows: Row[]
  warnings: readonly string[]
}

/** The columns in which DataFusion (`count`), DuckDB (`Count`) and prepared updates (`affected_rows`) report. */
const COUNT_COLUMNS = new Set(['count', 'affected_rows'])

/** The count of a result of one row and one column that is such a count; null otherwise. */
export function affectedRows(rows: readonly Row[]): bigint | null {
  if (rows.length !== 1) return null
  const entries = Object.entries(rows[0])
  if (entries.length !== 1 || !COUNT_COLUMNS.has(entries[0][0].toLowerCase())) return null
  const count = entries[0][1]
  if (typeof count === 'bigint') return count
  return typeof count === 'number' || (typeof count === 'string' && /^\d+$/.test(count))
    ? BigInt(count)
    : null
}

/**
 * Throws `ParameterError` for parameters that are neither an array nor an object of names, for text that
 * would be sent as another, and when a statement that has its values in it is given others.
 */
export function statementOf(
  statement: string | SqlFragment,
  parameters: Parameters | undefined,
  idempotent: boolean | undefined,
): Statement {
  if (typeof statement === 'string') {
    if (parameters !== undefined) checkParameters(parameters)
    return { sql: checkedText(statement), parameters, idempotent }
  }
  if (!SqlFragment.is(statement)) {
    throw new ParameterError('query takes the text of a statement, or what the sql tag made')
  }
  if (parameters !== undefined) {
    throw new ParameterError('A statement made by the sql tag has its parameters in it; give no others')
  }
  return { sql: checkedText(statement.sql), parameters: statement.parameters, idempotent }
}

function checkedText(sql: string): string {
  // In Node since version 20; the compiler's library learns of it with ES2024.
  if ((sql as unknown as { isWellFormed(): boolean }).isWellFormed()) return sql
  throw new ParameterError('The statement holds half a surrogate pair, which UTF-8 cannot express')
}

function checkParameters(parameters: unknown): void {
  if (Array.isArray(parameters)) return
  const names =
    typeof parameters === 'object' &&
    parameters !== null &&
    !(parameters instanceof Date) &&
    // A Map, a Set or a typed array has no names of its own: its values would be lost.
    !(Symbol.iterator in parameters)
  if (names) return
  throw new ParameterError(
    `Parameters are an array for $1, $2, … or an object for $name, not ${quoteValue(parameters)}.`,
  )
}
