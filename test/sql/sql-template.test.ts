import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParameterError } from '../../src/errors.ts'
import { SqlFragment } from '../../src/sql/fragment.ts'
import { tokenize } from '../../src/sql/lexer.ts'
import { sql } from '../../src/sql/sql.ts'

const ATTACK = "x'; DROP TABLE trades; --"

describe('values in a template', () => {
  it('become placeholders', () => {
    const query = sql`SELECT * FROM trades WHERE symbol = ${ATTACK} AND price > ${5}`
    expect(query.sql).toBe('SELECT * FROM trades WHERE symbol = $1 AND price > $2')
    expect(query.parameters).toEqual([ATTACK, 5])
  })

  it('never change the text, whatever they are', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const query = sql`SELECT ${value}`
        expect(query.sql).toBe('SELECT $1')
        expect(query.parameters).toEqual([value])
      }),
    )
  })

  it('that look like fragments are values all the same', () => {
    const real = sql`1`
    const forgeries: unknown[] = [
      { sql: 'DROP TABLE trades', parameters: [] },
      JSON.parse('{"sql":"DROP TABLE trades","parameters":[],"parts":[{"as":"text","text":"DROP"}]}'),
      Object.create(SqlFragment.prototype),
      Object.setPrototypeOf({ sql: 'DROP' }, SqlFragment.prototype),
      { ...real },
      new Proxy(real, {}),
      { toString: () => 'DROP TABLE trades' },
    ]
    for (const forgery of forgeries) {
      const query = sql`SELECT ${forgery}`
      expect(query.sql).toBe('SELECT $1')
      expect(query.parameters[0]).toBe(forgery)
    }
  })

  it.each([
    ['a string', () => sql`SELECT 'a ${1} b'`],
    ['a string with doubled quotes', () => sql`SELECT 'it''s ${1}'`],
    ['an escape string', () => sql`SELECT E'\\' ${1}'`],
    ['a quoted identifier', () => sql`SELECT "a ${1}"`],
    ['a line comment', () => sql`SELECT 1 -- ${1}`],
    ['a block comment', () => sql`SELECT /* /* ${1} */ ${2} */ 1`],
    ['a dollar quote', () => sql`SELECT $tag$ ${1} $tag$`],
    ['a word', () => sql`SELECT col${1}`],
    ['a word that follows', () => sql`SELECT ${1}abc`],
    ['a number that follows', () => sql`SELECT ${1}5`],
    ['a dollar sign', () => sql`SELECT $${1}`],
  ])('are refused inside or against %s', (_where, make) => {
    expect(() => make().sql).toThrow(ParameterError)
  })

  it('are welcome after quotes and comments', () => {
    const query = sql`SELECT 'it''s', "a""b", E'\\'', $$ ' $$ -- '
      /* ' */ FROM t WHERE a = ${1} AND b=${2}`
    expect(query.parameters).toEqual([1, 2])
    expect(query.sql.endsWith('a = $1 AND b=$2')).toBe(true)
  })
})

describe('placeholders and quotes of the template itself', () => {
  it.each([
    ['a numbered placeholder', () => sql`SELECT $1, ${2}`],
    ['a named placeholder', () => sql`SELECT $name`],
    ['a question mark', () => sql`SELECT ?, ${1}`],
    ['an open string', () => sql`SELECT 'x`],
    ['an open comment', () => sql`SELECT /* x`],
    ['a value beside a number', () => sql`SELECT * FROM t LIMIT 5${2}`],
  ])('%s is refused', (_what, make) => {
    expect(() => make().sql).toThrow(ParameterError)
  })

  it('are data inside quotes', () => {
    expect(sql`SELECT '$1 ?' AS a, ${5}`.sql).toBe("SELECT '$1 ?' AS a, $1")
  })
})

describe('composition', () => {
  it('numbers the values of nested fragments in order', () => {
    const condition = sql`a = ${1} AND b = ${2}`
    const query = sql`SELECT ${0} FROM t WHERE (${condition}) OR (${condition}) LIMIT ${3}`
    expect(query.sql).toBe('SELECT $1 FROM t WHERE (a = $2 AND b = $3) OR (a = $4 AND b = $5) LIMIT $6')
    expect(query.parameters).toEqual([0, 1, 2, 1, 2, 3])
  })

  it('refuses a fragment inside quotes that binds a value', () => {
    const inner = sql`a = ${1}`
    expect(() => sql`SELECT '${inner}'`.sql).toThrow(ParameterError)
  })

  it('refuses quotes that open in one fragment and close in another around a value', () => {
    const open = sql`'`
    expect(() => sql`SELECT ${open} ${'x'} ${open}`.sql).toThrow(ParameterError)
  })

  it('joins fragments', () => {
    const conditions = [sql`a = ${1}`, sql`b = ${2}`, sql`c IS NULL`]
    const query = sql`SELECT * FROM t WHERE ${sql.join(conditions, sql` AND `)}`
    expect(query.sql).toBe('SELECT * FROM t WHERE a = $1 AND b = $2 AND c IS NULL')
    expect(() => sql.join(['a = 1' as never], sql` AND `)).toThrow(ParameterError)
  })

  it('keeps a cached template apart for each set of values', () => {
    const make = (value: unknown) => sql`SELECT ${value}`
    const first = make(1)
    expect(first.sql).toBe('SELECT $1')
    expect(make('two')).toMatchObject({ sql: 'SELECT $1', parameters: ['two'] })
    expect(make(sql`now()`)).toMatchObject({ sql: 'SELECT now()', parameters: [] })
    expect(make(3)).toMatchObject({ sql: 'SELECT $1', parameters: [3] })
    expect(first.parameters).toEqual([1])
  })
})

describe('identifiers', () => {
  it('are quoted part by part', () => {
    expect(sql`SELECT * FROM ${sql.id('public', 'My "table"')}`.sql).toBe(
      'SELECT * FROM "public"."My ""table"""',
    )
    expect(sql`SELECT t.${sql.id('a')} FROM t`.sql).toBe('SELECT t."a" FROM t')
  })

  it('stay one token whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: fc.constantFrom(...'"\'`\\$-/*; \na1é😀') }), (name) => {
        const { sql: text } = sql`${sql.id(name)}`
        expect(tokenize(text)).toEqual([{ kind: 'quoted', start: 0, end: text.length, unterminated: false }])
      }),
    )
  })

  it('are refused inside quotes, where the name could close them', () => {
    const name = sql.id("a' OR 1=1 --")
    expect(() => sql`SELECT 'x ${name}'`.sql).toThrow(ParameterError)
    expect(() => sql`SELECT "x ${name}"`.sql).toThrow(ParameterError)
  })

  it.each([[''], ['a\0b'], [5], [undefined]])('refuse %o', (name) => {
    expect(() => sql.id(name as string)).toThrow(ParameterError)
  })

  it('need a name', () => {
    expect(() => sql.id()).toThrow(ParameterError)
  })
})

describe('lists', () => {
  it('bind every value', () => {
    const query = sql`SELECT * FROM t WHERE a IN (${sql.list([1, ATTACK, null])}) AND b = ${2}`
    expect(query.sql).toBe('SELECT * FROM t WHERE a IN ($1, $2, $3) AND b = $4')
    expect(query.parameters).toEqual([1, ATTACK, null, 2])
  })

  it('take fragments', () => {
    expect(sql`SELECT ${sql.list([sql.id('a'), sql`max(${1})`])}`.sql).toBe('SELECT "a", max($1)')
  })

  it('have an undefined value where an array has a hole', () => {
    expect(sql`SELECT ${sql.list(new Array(2))}`.parameters).toEqual([undefined, undefined])
  })

  it('match nothing when empty', () => {
    expect(sql`SELECT * FROM t WHERE a IN (${sql.list([])})`.sql).toBe('SELECT * FROM t WHERE a IN (NULL)')
  })

  const none = sql.list([])
  it.each([
    ['NOT IN', sql`SELECT * FROM t WHERE a NOT IN (${none})`],
    ['not in with a comment', sql`SELECT * FROM t WHERE a not /* … */ in ( ${none})`],
    ['NOT before', sql`SELECT * FROM t WHERE b = 1 AND NOT a IN (${none})`],
    ['NOT of brackets', sql`SELECT * FROM t WHERE NOT (b = 1 OR (a IN (${none})))`],
    ['NOT of a function', sql`SELECT * FROM t WHERE NOT coalesce(b, a IN (${none}))`],
  ])('are refused when empty after %s, where NULL would also match nothing', (_, statement) => {
    expect(() => statement.sql).toThrow(/under NOT/)
  })

  it.each([
    sql`SELECT * FROM t WHERE NOT b AND a IN (${none})`,
    sql`SELECT * FROM t WHERE b IS NOT NULL AND (c OR a IN (${none}))`,
    sql`SELECT * FROM t WHERE (NOT b) OR a IN (${none})`,
    sql`SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE a IN (${none}))`,
    sql`SELECT CASE WHEN NOT b THEN 1 WHEN a IN (${none}) THEN 2 END FROM t`,
  ])('may be empty where the NOT is of something else: %#', (statement) => {
    expect(statement.sql).toContain('IN (NULL)')
  })
})

describe('the tag', () => {
  it('is not a function of text', () => {
    expect(() => (sql as unknown as (text: unknown) => unknown)('DROP TABLE trades')).toThrow(ParameterError)
    expect(() => (sql as unknown as (text: unknown) => unknown)(['DROP TABLE trades'])).toThrow(
      ParameterError,
    )
    expect(() => sql(JSON.parse('["DROP TABLE trades"]'))).toThrow(ParameterError)
  })

  it('refuses escapes that do not exist', () => {
    expect(() => sql`SELECT \u`.sql).toThrow(ParameterError)
  })
})
