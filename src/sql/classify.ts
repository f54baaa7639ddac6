import { type TokenKind, tokenize } from './lexer.ts'

/** Statements that begin with one of these only read, unless a word below says otherwise. */
const READS = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN'])

/**
 * Words that can make a statement write when they stand anywhere outside quotes: data-changing CTEs,
 * `EXPLAIN ANALYZE INSERT`, `SELECT … INTO`, `FOR UPDATE`, sequences. A column of such a name makes a
 * read look like a write, which only costs an automatic retry.
 */
const WRITES = new Set(
  `INSERT UPDATE DELETE MERGE UPSERT INTO CREATE DROP ALTER TRUNCATE COPY CALL EXECUTE GRANT REVOKE
   ATTACH DETACH INSTALL LOAD VACUUM REFRESH NEXTVAL SETVAL SET_CONFIG`.split(/\s+/),
)

/** True only for one statement that surely reads: whoever runs it twice gets the same and changes nothing. */
export function isReadOnly(sql: string): boolean {
  let first = true
  let ended = false
  for (const token of tokenize(sql)) {
    const text = sql.slice(token.start, token.end)
    if (token.unterminated || endsElsewhere(token.kind, text)) return false
    if (token.kind === 'comment') continue
    if (ended && text !== ';') return false
    if (text === ';') {
      ended = true
      continue
    }
    if (first && text === '(') continue
    const word = token.kind === 'word' ? text.toUpperCase() : ''
    if (first && !READS.has(word)) return false
    if (WRITES.has(word)) return false
    first = false
  }
  return !first
}

/**
 * Whether dialects disagree on where such a token ends, so that what looks quoted here may be a statement to
 * the server: a backslash before a quote, a comment within a comment or that MySQL runs or ends at once, a
 * line end that is one to PostgreSQL only, MySQL's other comment.
 */
function endsElsewhere(kind: TokenKind, text: string): boolean {
  if (kind === 'symbol') return text === '#'
  if (kind === 'string' || kind === 'quoted') return /\\['"`]/.test(text)
  if (kind !== 'comment') return false
  if (text.startsWith('/*')) return text.startsWith('/*!') || text.indexOf('/*', 2) > 0
  return /\r./.test(text) || (/^--\S/.test(text) && text.includes(';'))
}
