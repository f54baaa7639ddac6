import { describe, expect, it } from 'vitest'
import {
  dollarParameters,
  explainedStatement,
  isBlank,
  statementTarget,
} from '../../src/embedded/engine/statement-target.ts'

describe('the table a statement would change', () => {
  it.each([
    ['INSERT INTO orders VALUES (1)', 'INSERT', ['orders']],
    ['insert or replace into "Odd ""Name" select 1', 'INSERT', ['Odd "Name']],
    ['UPDATE spice.public.orders SET a = 1', 'UPDATE', ['spice', 'public', 'orders']],
    ['DELETE FROM public."orders" WHERE x', 'DELETE', ['public', 'orders']],
    ['TRUNCATE TABLE orders', 'TRUNCATE', ['orders']],
    ['WITH a AS (DELETE FROM b) INSERT INTO c SELECT * FROM a', 'INSERT', ['c']],
    ["/* INSERT INTO a */ -- DELETE FROM b\nUPDATE c SET d = 'INSERT INTO e'", 'UPDATE', ['c']],
    ['CREATE OR REPLACE TABLE orders AS SELECT 1', 'CREATE', ['orders']],
    ['MERGE INTO orders USING x ON true WHEN MATCHED THEN DELETE', 'MERGE', ['orders']],
  ])('%s', (sql, verb, parts) => {
    expect(statementTarget(sql)).toEqual({ verb, parts })
  })

  it.each([
    'SELECT 1',
    'CREATE VIEW v AS SELECT 1',
    'CREATE TEMP TABLE orders(a INT)',
    'INSERT INTO a.b.c.d VALUES (1)',
    "INSERT INTO 'text' VALUES (1)",
    '',
  ])('is not known for %s', (sql) => {
    expect(statementTarget(sql)).toBeNull()
  })
})

describe('what an EXPLAIN explains', () => {
  it.each([
    ['EXPLAIN SELECT 1', 'SELECT 1'],
    ['explain analyze DELETE FROM t', 'DELETE FROM t'],
    ['EXPLAIN (ANALYZE, FORMAT json) DELETE FROM t', 'DELETE FROM t'],
    ['EXPLAIN', ''],
  ])('%s', (sql, inner) => {
    expect(explainedStatement(sql)).toBe(inner)
  })

  it('is nothing for another statement', () => {
    expect(explainedStatement("SELECT 'EXPLAIN DELETE'")).toBeNull()
  })
})

describe(':name parameters', () => {
  const names = new Set(['a', 'limit'])

  it.each([
    ['SELECT :a, :limit', 'SELECT $a, $limit'],
    ['SELECT x::a, :b', 'SELECT x::a, :b'],
    ["SELECT ':a' /* :a */ -- :a", "SELECT ':a' /* :a */ -- :a"],
    ['SELECT $$ :a $$, $tag$ :a $tag$, :a', 'SELECT $$ :a $$, $tag$ :a $tag$, $a'],
    ["SELECT E'\\' :a ' || :a", "SELECT E'\\' :a ' || $a"],
    ['SELECT ":a"', 'SELECT ":a"'],
    ["SELECT {'k': a}, l[1: a]", "SELECT {'k': a}, l[1: a]"],
  ])('%s', (sql, rewritten) => {
    expect(dollarParameters(sql, names)).toBe(rewritten)
  })
})

describe('text without a statement', () => {
  it.each(['', '  \n', '-- SELECT 1', '/* a /* nested */ comment */', ';;'])('%s', (sql) => {
    expect(isBlank(sql)).toBe(true)
  })

  it('is not blank with one', () => {
    expect(isBlank('/* a */ SELECT')).toBe(false)
  })
})
