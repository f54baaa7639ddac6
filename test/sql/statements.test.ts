import { describe, expect, it } from 'vitest'
import { ParameterError } from '../../src/errors.ts'
import { isReadOnly } from '../../src/sql/classify.ts'
import { tokenize } from '../../src/sql/lexer.ts'
import { arrangeParameters, placeholdersOf } from '../../src/sql/placeholders.ts'

describe('statements that surely read', () => {
  it.each([
    'SELECT 1',
    '  select * from "insert"; ',
    '-- a comment\n/* another */ SELECT 1;;',
    "SELECT 'DELETE FROM t; DROP TABLE t'",
    'WITH a AS (SELECT 1) SELECT * FROM a',
    '(SELECT 1) UNION ALL (SELECT 2)',
    'VALUES (1), (2)',
    'TABLE trades',
    'SHOW TABLES',
    'DESCRIBE trades',
    'EXPLAIN SELECT 1',
    'EXPLAIN ANALYZE SELECT 1',
    'SELECT $$; DROP TABLE t; $$',
    "SELECT '\\d+; DROP' -- it's; a comment\r\n-- and another\r",
    'SELECT 1 --no space',
  ])('%s', (text) => {
    expect(isReadOnly(text)).toBe(true)
  })
})

describe('statements that may write', () => {
  it.each([
    '',
    ';',
    '-- SELECT 1',
    'INSERT INTO t VALUES (1)',
    'UPDATE t SET a = 1',
    'DELETE FROM t',
    'CREATE TABLE t AS SELECT 1',
    'WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a',
    'WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a',
    'EXPLAIN ANALYZE INSERT INTO t VALUES (1)',
    'SELECT * INTO u FROM t',
    'SELECT * FROM t FOR UPDATE',
    "SELECT nextval('s')",
    'SELECT 1; DROP TABLE t',
    'SELECT 1; SELECT 2',
    'BEGIN; SELECT 1; COMMIT',
    "COPY t TO 'file'",
    'SET x = 1',
    'CALL f()',
    "SELECT 'unterminated",
    'SELECT /* unterminated',
    'EXPLAIN ANALYZE DELETE FROM t',
    '/* a comment */ -- another\n INSERT INTO t SELECT 1',
    'SELECT 1;\n-- then\nDELETE FROM t',
    'CREATE TABLE t AS SELECT 1',
    'REPLACE INTO t VALUES (1)',
    'PREPARE p AS SELECT 1',
    // Where dialects disagree on what is quoted.
    "SELECT '\\'; DELETE FROM t; --'",
    "SELECT '\\''; DELETE FROM t WHERE a = 'b\\''",
    "SELECT E'\\'; DELETE FROM t; --'",
    'SELECT "\\"; DELETE FROM t; --"',
    'SELECT 1 /* /* */ ; DELETE FROM t; /* */ */',
    'SELECT 1 /*! ; DELETE FROM t */',
    'SELECT 1--1; DELETE FROM t',
    'SELECT 1 -- \r; DELETE FROM t',
    "SELECT 1 # '\n; DELETE FROM t -- '",
  ])('%s', (text) => {
    expect(isReadOnly(text)).toBe(false)
  })
})

describe('the lexer', () => {
  const kinds = (text: string) =>
    tokenize(text).map((token) => `${token.kind} ${text.slice(token.start, token.end)}`)

  it('tells the tokens of a statement apart', () => {
    expect(kinds(`SELECT a."b c", 'it''s', E'\\'', $$x$$, $t$ $$ $t$, $1, $name, ?, 1.5e3 --end`)).toEqual([
      'word SELECT',
      'word a',
      'symbol .',
      'quoted "b c"',
      'symbol ,',
      "string 'it''s'",
      'symbol ,',
      'word E',
      "string '\\''",
      'symbol ,',
      'string $$x$$',
      'symbol ,',
      'string $t$ $$ $t$',
      'symbol ,',
      'placeholder $1',
      'symbol ,',
      'placeholder $name',
      'symbol ,',
      'placeholder ?',
      'symbol ,',
      'number 1.5e3',
      'comment --end',
    ])
  })

  it('reads a backslash as itself in a plain string', () => {
    expect(kinds("'a\\' b")).toEqual(["string 'a\\'", 'word b'])
  })

  it('nests block comments', () => {
    expect(kinds('/* a /* b */ c */ d')).toEqual(['comment /* a /* b */ c */', 'word d'])
  })

  it('covers any text in linear time without overlap', () => {
    const text = '\'"`$$/*--'.repeat(20_000)
    const tokens = tokenize(text)
    for (let i = 1; i < tokens.length; i++) expect(tokens[i].start).toBeGreaterThanOrEqual(tokens[i - 1].end)
  })
})

describe('placeholders', () => {
  it('are found outside quotes and comments only', () => {
    expect(placeholdersOf('SELECT $2, \'$3\', "$4" -- $5\n, $1, a$6 /* ? */')).toEqual({
      highest: 2,
      names: [],
      questionMarks: 0,
      markedNames: [],
    })
  })

  it.each([
    ['SELECT $1, $2', [1]],
    ['SELECT $1', [1, 2]],
    ['SELECT 1', [1]],
    ["SELECT '$1'", [1]],
    ['SELECT $name', ['x']],
    ['SELECT ?', [1, 2]],
    ['SELECT ?1', [1, 2]],
  ])('%s does not go with %o', (text, parameters) => {
    expect(() => arrangeParameters(text, parameters)).toThrow(ParameterError)
  })

  it.each([
    ['SELECT $1', { a: 1 }],
    ['SELECT $a, $b', { a: 1 }],
    ['SELECT $a', { a: 1, b: 2 }],
    ['SELECT $toString', { a: 1 }],
    ['SELECT 1', { timeoutMs: 5 }],
    ["SELECT ':a', b::a", { a: 1 }],
    ['SELECT :a', { b: 1 }],
  ])('%s does not go with %o', (text, parameters) => {
    expect(() => arrangeParameters(text, parameters)).toThrow(ParameterError)
  })

  it('that cannot be judged are left to the runtime', () => {
    expect(arrangeParameters('SELECT ?, ?', [1])).toEqual([1])
    expect(arrangeParameters('SELECT :a', { a: 1 })).toEqual({ a: 1 })
    expect(arrangeParameters('SELECT x[1:n], :a', { a: 1 })).toEqual({ a: 1 })
    expect(arrangeParameters('SELECT @a', { a: 1 })).toEqual({ a: 1 })
    expect(arrangeParameters('SELECT ?2, ?1', [1, 2])).toEqual([1, 2])
    expect(arrangeParameters('SELECT $1', [])).toEqual([])
  })

  it.each(['SELECT $b, $a, $b', 'SELECT :b, :a, :b'])(
    'by name come in the order of the statement: %s',
    (text) => {
      const arranged = arrangeParameters(text, { a: 1, b: 2 })
      expect(Object.entries(arranged)).toEqual([
        ['b', 2],
        ['a', 1],
      ])
    },
  )
})
