import { deepStrictEqual } from 'node:assert'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type SidecarClient } from '../../src/index.ts'
import { type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime
const clients: Record<string, SidecarClient> = {}

beforeAll(async () => {
  runtime = await spawnRuntime({ spicepod: { version: 'v1', kind: 'Spicepod', name: 'types' } })
  const { httpUrl } = runtime
  clients.http = await connect({ httpUrl, transport: 'http', readyTimeoutMs: 0, env: {} })
  clients.native = await connect({ httpUrl, transport: 'flight', readyTimeoutMs: 0, env: {} })
  clients['grpc-js'] = await connect({
    httpUrl,
    transport: 'flight',
    flight: { transport: 'grpc-js' },
    readyTimeoutMs: 0,
    env: {},
  })
})
afterAll(async () => {
  for (const client of Object.values(clients)) await client.close()
  await runtime?.stop()
})

/** Every type a statement can give, each with nulls beside values, at the edges of its range. */
const STATEMENTS: readonly (readonly [type: string, ...values: string[]])[] = [
  ['NULL', 'NULL'],
  ['BOOLEAN', 'true', 'false'],
  ['TINYINT', '-128', '127'],
  ['SMALLINT', '-32768', '32767'],
  ['INTEGER', '-2147483648', '2147483647'],
  ['BIGINT', '-9223372036854775808', '9223372036854775807', '9007199254740993', '0'],
  ['UTINYINT', '0', '255'],
  ['USMALLINT', '65535'],
  ['UINTEGER', '4294967295'],
  ['UBIGINT', '18446744073709551615', '0'],
  ['HUGEINT', '99999999999999999999999999999999999999', '-1', '0'],
  ['FLOAT', '0.1', '-1.5', '3.4e38', '1e-40', '16777216'],
  ['DOUBLE', '0.1', '-0.0', '1.7976931348623157e308', '5e-324', '123456789012345680'],
  ['DECIMAL(4,1)', '-0.5', '999.9', '0'],
  ['DECIMAL(9,2)', '1234567.89', '-0.01'],
  ['DECIMAL(18,6)', '123456789012.345678', '-0.000001'],
  ['DECIMAL(38,10)', '1234567890123456789012345678.0123456789', '-0.0000000001'],
  [
    'VARCHAR',
    "''",
    "'plain'",
    `'quote " slash \\ tab ' || chr(9)`,
    "'héllo wörld ☃ 😀'",
    "'a string longer than sixteen bytes'",
  ],
  ['BLOB', "''::BLOB", "'\\x00\\xFF\\x10'::BLOB"],
  ['DATE', "'1970-01-01'", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'1969-12-31'"],
  ['TIME', "'00:00:00'", "'23:59:59.999999'", "'12:34:56.7'"],
  ['TIMESTAMP', "'2024-02-29 12:34:56.789012'", "'1969-12-31 23:59:59.999999'", "'0001-01-01 00:00:00'"],
  ['TIMESTAMP_S', "'2024-02-29 12:34:56'", "'1900-01-31 00:00:00'"],
  ['TIMESTAMP_MS', "'2024-12-31 12:34:56.789'"],
  ['TIMESTAMP_NS', "'2024-02-29 12:34:56.123456789'", "'1969-12-31 23:59:59.999999999'"],
  ['TIMESTAMPTZ', "'2024-02-29 12:34:56.789012+00'", "'2024-02-29 12:34:56-05:30'"],
  [
    'INTERVAL',
    "'1 year 2 months 3 days 04:05:06.789'",
    "'-1 day'",
    "'0 seconds'",
    "'-1 month 2 days -00:00:01'",
  ],
  ['UUID', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ["ENUM('small', 'large')", "'small'", "'large'"],
  ['INTEGER[]', '[1, NULL, 3]', '[]'],
  ['BIGINT[][]', '[[9007199254740993], NULL, []]'],
  ['INTEGER[2]', '[1, 2]'],
  ['VARCHAR[]', "['a', NULL, 'ü']"],
  [
    'STRUCT(a BIGINT, b VARCHAR, c DATE[])',
    "{'a': 9007199254740993, 'b': 'x', 'c': ['2024-01-01'::DATE, NULL]}",
    "{'a': NULL, 'b': NULL, 'c': NULL}",
  ],
  ['MAP(VARCHAR, BIGINT)', "MAP {'a': 1, 'b': NULL}", 'MAP {}'],
  ['TIMESTAMP_NS[]', "['2024-02-29 12:34:56.123456789'::TIMESTAMP_NS]"],
  ['DECIMAL(20,3)[]', '[12.340, NULL]'],
]

function statement([type, ...values]: readonly string[]): string {
  if (type === 'NULL') return 'SELECT NULL AS v'
  const rows = [...values, 'NULL'].map((value, i) => `(${i}, CAST(${value} AS ${type}))`)
  return `SELECT v FROM (VALUES ${rows.join(', ')}) AS t(i, v) ORDER BY i`
}

describe('a statement gives the same rows over HTTP, native Flight and grpc-js Flight', () => {
  it.each(STATEMENTS)('%s', async (...spec) => {
    const sql = statement(spec)
    const native = await clients.native.query(sql)
    expect(native).toHaveLength(spec[0] === 'NULL' ? 1 : spec.length)
    // deepStrictEqual, since toEqual takes dates for equal that differ below a millisecond.
    deepStrictEqual(await clients['grpc-js'].query(sql), native)
    deepStrictEqual(await clients.http.query(sql), native)
  })

  it.each([
    ['int64 as numbers', { int64: 'number' }, 'SELECT 5::BIGINT AS a, 7::UBIGINT AS b'],
    ['int64 as text', { int64: 'string' }, 'SELECT 9007199254740993 AS a, 7::UBIGINT AS b'],
    ['decimals as numbers', { decimal: 'number' }, 'SELECT 12.340 AS a, -0.5::DECIMAL(30,5) AS b'],
    [
      'timestamps as counts',
      { timestamp: 'bigint' },
      "SELECT '1969-12-31 23:59:59.999999'::TIMESTAMP AS a, '2024-01-01'::TIMESTAMP_S AS b",
    ],
    [
      'timestamps as text',
      { timestamp: 'string' },
      "SELECT '2024-01-01 00:00:00.123456789'::TIMESTAMP_NS AS a",
    ],
    [
      'timestamps as dates',
      { timestamp: 'date' },
      "SELECT '2024-01-01 00:00:00.123456789'::TIMESTAMP_NS AS a",
    ],
  ] as const)('with %s', async (_, values, sql) => {
    const native = await clients.native.query(sql, [], { values })
    deepStrictEqual(await clients['grpc-js'].query(sql, [], { values }), native)
    deepStrictEqual(await clients.http.query(sql, [], { values }), native)
  })

  it.each([
    ['a number that would not be exact', { int64: 'number' }, 'SELECT 9007199254740993 AS a'],
    ['a decimal that would not be exact', { decimal: 'number' }, 'SELECT 1234567890123456789.5 AS a'],
  ] as const)('refusing %s', async (_, values, sql) => {
    for (const client of Object.values(clients)) {
      await expect(client.query(sql, [], { values })).rejects.toMatchObject({ code: 'LOSSY_VALUE' })
    }
  })

  it.each([
    ['of the same name', 'SELECT 1 AS a, 2 AS a, 3 AS b'],
    [
      'of odd names',
      `SELECT 1 AS "__proto__", 2 AS "quo""te", 3 AS "new\nline", 4 AS "ü", 5 AS "constructor"`,
    ],
  ])('with columns %s', async (_, sql) => {
    const native = await clients.native.query(sql)
    deepStrictEqual(await clients['grpc-js'].query(sql), native)
    deepStrictEqual(await clients.http.query(sql), native)
    expect(Object.keys(native[0]).length).toBe(sql.split(' AS ').length - 1)
  })

  it('and the same tables', async () => {
    const sql =
      "SELECT i::BIGINT AS a, i::VARCHAR AS b, '2024-01-01'::DATE AS c, [i] AS d FROM range(20000) t(i)"
    const native = await clients.native.query(sql).table()
    const http = await clients.http.query(sql).table()
    expect(http.numRows).toBe(20_000)
    expect(String(http.schema)).toBe(String(native.schema))
    expect(String(http.get(19_999))).toBe(String(native.get(19_999)))
  })
})
