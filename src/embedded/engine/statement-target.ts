import { type SqlToken, sqlTokens } from './sql-tokens.ts'

/** The table a statement would change, as written: one to three parts, `catalog.schema.table`. */
export interface StatementTarget {
  readonly verb: 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE' | 'TRUNCATE' | 'CREATE'
  readonly parts: readonly string[]
}

const VERBS = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'TRUNCATE', 'CREATE'])
/** Words that may stand between the verb and the name of the table. */
const FILLERS = new Set(['INTO', 'FROM', 'TABLE', 'OR', 'REPLACE', 'IGNORE', 'IF', 'NOT', 'EXISTS', 'ONLY'])

/**
 * Reads which table a changing statement names. DuckDB does not tell, so the text is read: the first
 * verb outside parentheses (a `WITH …` list may come before it), then a dotted name. Returns null when
 * that is not what the statement looks like; the caller refuses such a statement.
 */
export function statementTarget(sql: string): StatementTarget | null {
  const tokens = [...sqlTokens(sql)]
  let depth = 0
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]
    if (token.kind === 'symbol') {
      if (token.text === '(') depth++
      else if (token.text === ')') depth--
    } else if (depth === 0 && token.kind === 'word' && VERBS.has(token.text.toUpperCase())) {
      return targetAfter(tokens, index)
    }
  }
  return null
}

function targetAfter(tokens: SqlToken[], verbIndex: number): StatementTarget | null {
  const verb = tokens[verbIndex].text.toUpperCase() as StatementTarget['verb']
  let index = verbIndex + 1
  let sawTable = false
  while (tokens[index]?.kind === 'word' && FILLERS.has(tokens[index].text.toUpperCase())) {
    sawTable ||= tokens[index].text.toUpperCase() === 'TABLE'
    index++
  }
  // CREATE VIEW, CREATE MACRO, CREATE TEMP TABLE, … make something other than a table of the catalog.
  if (verb === 'CREATE' && !sawTable) return null
  const parts: string[] = []
  for (;;) {
    const name = tokens[index]
    if (name?.kind !== 'word' && name?.kind !== 'identifier') return null
    parts.push(name.text)
    if (tokens[index + 1]?.text !== '.' || tokens[index + 1].kind !== 'symbol') break
    index += 2
  }
  return parts.length <= 3 ? { verb, parts } : null
}

/**
 * The statement inside an EXPLAIN, so that `EXPLAIN ANALYZE DELETE …`, which runs the DELETE, is judged
 * as one. Null when the statement is no EXPLAIN.
 */
export function explainedStatement(sql: string): string | null {
  const tokens = [...sqlTokens(sql)]
  if (tokens[0]?.kind !== 'word' || tokens[0].text.toUpperCase() !== 'EXPLAIN') return null
  let index = 1
  if (tokens[index]?.text === '(') {
    while (index < tokens.length && tokens[index].text !== ')') index++
    index++
  }
  if (tokens[index]?.kind === 'word' && tokens[index].text.toUpperCase() === 'ANALYZE') index++
  return index < tokens.length ? sql.slice(tokens[index].start) : ''
}

/** True when the text holds nothing but spaces, comments and semicolons. */
export function isBlank(sql: string): boolean {
  for (const token of sqlTokens(sql)) if (token.text !== ';') return false
  return true
}

/**
 * Rewrites `:name`, the runtime's documented spelling of a named parameter, to `$name`, which DuckDB
 * reads. Only names that are given are rewritten, so `{'a':b}`, `x::int` and `list[1:2]` stay as they are.
 */
export function dollarParameters(sql: string, names: ReadonlySet<string>): string {
  let result = ''
  let copied = 0
  let colon: SqlToken | undefined
  for (const token of sqlTokens(sql)) {
    if (token.kind === 'word' && colon?.end === token.start && names.has(token.text)) {
      result += `${sql.slice(copied, colon.start)}$`
      copied = token.start
    }
    colon = token.kind === 'symbol' && token.text === ':' ? token : undefined
  }
  return result + sql.slice(copied)
}
