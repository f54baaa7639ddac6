/** One lexical token of a statement. `text` of a quoted identifier is its bare name. */
export interface SqlToken {
  readonly kind: 'word' | 'identifier' | 'string' | 'number' | 'parameter' | 'symbol'
  readonly text: string
  readonly start: number
  readonly end: number
}

const WORD_START = /[A-Za-z_\u0080-\uffff]/
const WORD = /[A-Za-z0-9_$\u0080-\uffff]*/y
const NUMBER = /[0-9][0-9A-Za-z_.]*/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
const PARAMETER = /\$[A-Za-z0-9_]+/y

/**
 * Splits a statement into tokens as PostgreSQL and DuckDB do: comments (block comments nest), strings,
 * `E''` strings, dollar-quoted strings and quoted identifiers are each one unit, so nothing inside them
 * is taken for SQL. Text that does not lex (an unterminated string) ends the last token at the end.
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let at = 0
  while (at < sql.length) {
    const char = sql[at]
    const start = at
    if (/\s/.test(char)) {
      at++
    } else if (char === '-' && sql[at + 1] === '-') {
      const end = sql.indexOf('\n', at)
      at = end < 0 ? sql.length : end + 1
    } else if (char === '/' && sql[at + 1] === '*') {
      at = endOfBlockComment(sql, at)
    } else if (char === "'") {
      at = endOfQuoted(sql, at, "'", false)
      yield { kind: 'string', text: sql.slice(start, at), start, end: at }
    } else if ((char === 'e' || char === 'E') && sql[at + 1] === "'") {
      at = endOfQuoted(sql, at + 1, "'", true)
      yield { kind: 'string', text: sql.slice(start, at), start, end: at }
    } else if (char === '"') {
      at = endOfQuoted(sql, at, '"', false)
      yield { kind: 'identifier', text: sql.slice(start + 1, at - 1).replaceAll('""', '"'), start, end: at }
    } else if (char === '$') {
      const tag = matchAt(DOLLAR_TAG, sql, at)
      if (tag) {
        const end = sql.indexOf(tag, at + tag.length)
        at = end < 0 ? sql.length : end + tag.length
        yield { kind: 'string', text: sql.slice(start, at), start, end: at }
      } else {
        const parameter = matchAt(PARAMETER, sql, at) || '$'
        at += parameter.length
        yield { kind: 'parameter', text: parameter.slice(1), start, end: at }
      }
    } else if (WORD_START.test(char)) {
      at += matchAt(WORD, sql, at).length
      yield { kind: 'word', text: sql.slice(start, at), start, end: at }
    } else if (char >= '0' && char <= '9') {
      at += matchAt(NUMBER, sql, at).length
      yield { kind: 'number', text: sql.slice(start, at), start, end: at }
    } else {
      at += char === ':' && sql[at + 1] === ':' ? 2 : 1
      yield { kind: 'symbol', text: sql.slice(start, at), start, end: at }
    }
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function endOfBlockComment(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length; at++) {
    if (sql[at] === '/' && sql[at + 1] === '*') {
      depth++
      at++
    } else if (sql[at] === '*' && sql[at + 1] === '/') {
      depth--
      at++
      if (depth === 0) return at + 1
    }
  }
  return sql.length
}

function endOfQuoted(sql: string, start: number, quote: string, backslashEscapes: boolean): number {
  for (let at = start + 1; at < sql.length; at++) {
    if (backslashEscapes && sql[at] === '\\') at++
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1
      at++
    }
  }
  return sql.length
}
