import { tokenize } from './lexer.ts'

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
    if (token.unterminated) return false
    if (token.kind === 'comment') continue
    const text = sql.slice(token.start, token.end)
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
