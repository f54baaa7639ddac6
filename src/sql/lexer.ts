/**
 * Just enough of SQL's lexical rules to tell text that counts from quotes and comments, by the grammar
 * PostgreSQL, DataFusion and DuckDB share: `'…'` with doubled quotes, `E'…'` with backslashes, quoted
 * identifiers, dollar quotes, nested block comments, and the placeholders `$1`, `$name` and `?`.
 */

export type TokenKind = 'word' | 'string' | 'quoted' | 'comment' | 'placeholder' | 'number' | 'symbol'

export interface Token {
  readonly kind: TokenKind
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** A quote or comment that the text ends within. */
  readonly unterminated: boolean
}

const SPACE = /\s+/y
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy
const NUMBER = /\d[\p{L}\p{N}_.]*/uy
const POSITION = /\$\d+/y
const NAME = /\$[\p{L}_][\p{L}\p{N}_]*/uy
const DOLLAR_QUOTE = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy

/** Every token of a text in order, white space left out. Never throws; see `Token.unterminated`. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < sql.length) {
    at += lengthOf(SPACE, sql, at)
    if (at >= sql.length) break
    const token = tokenAt(sql, at, tokens.at(-1))
    tokens.push(token)
    at = token.end
  }
  return tokens
}

function tokenAt(sql: string, start: number, previous: Token | undefined): Token {
  const first = sql[start]
  const second = sql[start + 1]
  if (first === "'") {
    const escapes = previous?.end === start && /^e$/i.test(sql.slice(previous.start, start))
    return quote('string', sql, start, "'", escapes)
  }
  if (first === '"' || first === '`') return quote('quoted', sql, start, first, false)
  if (first === '-' && second === '-') {
    const end = sql.indexOf('\n', start)
    return whole('comment', start, end < 0 ? sql.length : end)
  }
  if (first === '/' && second === '*') return blockComment(sql, start)
  if (first === '?') return whole('placeholder', start, start + 1)
  if (first === '$') {
    const tag = lengthOf(DOLLAR_QUOTE, sql, start)
    if (tag > 0) return closedBy('string', sql, start, start + tag, sql.slice(start, start + tag))
    const length = lengthOf(POSITION, sql, start) || lengthOf(NAME, sql, start)
    if (length > 0) return whole('placeholder', start, start + length)
  }
  const word = lengthOf(WORD, sql, start)
  if (word > 0) return whole('word', start, start + word)
  const number = lengthOf(NUMBER, sql, start)
  if (number > 0) return whole('number', start, start + number)
  return whole('symbol', start, start + 1)
}

function lengthOf(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(sql) ? pattern.lastIndex - at : 0
}

function whole(kind: TokenKind, start: number, end: number): Token {
  return { kind, start, end, unterminated: false }
}

function quote(kind: TokenKind, sql: string, start: number, mark: string, escapes: boolean): Token {
  let at = start + 1
  while (at < sql.length) {
    if (escapes && sql[at] === '\\') at += 2
    else if (sql[at] !== mark) at += 1
    else if (sql[at + 1] === mark) at += 2
    else return whole(kind, start, at + 1)
  }
  return { kind, start, end: sql.length, unterminated: true }
}

function closedBy(kind: TokenKind, sql: string, start: number, from: number, mark: string): Token {
  const close = sql.indexOf(mark, from)
  if (close < 0) return { kind, start, end: sql.length, unterminated: true }
  return whole(kind, start, close + mark.length)
}

function blockComment(sql: string, start: number): Token {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start + 2
  let depth = 1
  for (let match = edge.exec(sql); match !== null; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return whole('comment', start, edge.lastIndex)
  }
  return { kind: 'comment', start, end: sql.length, unterminated: true }
}
