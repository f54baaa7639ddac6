import { ParameterError } from '../errors.ts'
import { SqlFragment, type SqlPart } from './fragment.ts'

/**
 * A statement or part of one. What stands in `${}` is bound as a parameter, never spliced into the text,
 * unless it is itself a fragment made here.
 *
 *     sql`SELECT * FROM ${sql.id('trades')} WHERE symbol IN (${sql.list(['BTC', 'ETH'])}) AND price > ${limit}`
 *
 * Reading `.sql` throws `ParameterError` when a value stands inside quotes or a comment of the text, or
 * touches a word.
 */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): SqlFragment {
  if (!Array.isArray(strings) || !Array.isArray(strings.raw) || strings.length !== values.length + 1) {
    throw new ParameterError(
      'sql is a template tag: write sql`SELECT …`. Text from elsewhere cannot become SQL.',
    )
  }
  const parts: SqlPart[] = []
  for (let i = 0; i < strings.length; i++) {
    if (strings[i] === undefined)
      throw new ParameterError('The template holds an escape sequence that does not exist.')
    if (strings[i] !== '') parts.push({ as: 'text', text: strings[i] })
    if (i < values.length) parts.push(partOf(values[i]))
  }
  return new SqlFragment(parts, values.some(SqlFragment.is) ? undefined : strings)
}

/** A quoted identifier: `sql.id('public', 'my table')` is `"public"."my table"`. Case is kept. */
sql.id = (...names: string[]): SqlFragment => {
  if (names.length === 0) throw new ParameterError('sql.id needs a name.')
  const quoted = names.map((name) => {
    if (typeof name !== 'string' || name === '' || name.includes('\0')) {
      throw new ParameterError(`${JSON.stringify(name)} cannot be an identifier.`)
    }
    return `"${name.replaceAll('"', '""')}"`
  })
  return new SqlFragment(
    quoted.flatMap((text, i) => (i === 0 ? [identifier(text)] : [DOT, identifier(text)])),
  )
}

/**
 * Values with commas between them, for `IN (…)`: each is bound; fragments among them are composed. An
 * empty list becomes `NULL`, with which `IN` matches nothing; under `NOT`, where that would be wrong, it is a
 * `ParameterError`.
 */
sql.list = (values: readonly unknown[]): SqlFragment => {
  if (!Array.isArray(values)) throw new ParameterError('sql.list takes an array.')
  if (values.length === 0) return new SqlFragment([{ as: 'emptyList' }])
  return new SqlFragment(
    Array.from(values).flatMap((value, i) => (i === 0 ? [partOf(value)] : [COMMA, partOf(value)])),
  )
}

/** Fragments with another between them: ``sql.join(conditions, sql` AND `)``. Nothing for an empty array. */
sql.join = (fragments: readonly SqlFragment[], separator: SqlFragment): SqlFragment => {
  if (!SqlFragment.is(separator) || !fragments.every(SqlFragment.is)) {
    throw new ParameterError('sql.join takes fragments made with sql.')
  }
  return new SqlFragment(
    fragments.flatMap((fragment, i): SqlPart[] =>
      i === 0 ? [partOf(fragment)] : [partOf(separator), partOf(fragment)],
    ),
  )
}

const COMMA: SqlPart = { as: 'text', text: ', ' }
const DOT: SqlPart = { as: 'text', text: '.' }

function identifier(text: string): SqlPart {
  return { as: 'identifier', text }
}

function partOf(value: unknown): SqlPart {
  return SqlFragment.is(value) ? { as: 'fragment', fragment: value } : { as: 'value', value }
}
