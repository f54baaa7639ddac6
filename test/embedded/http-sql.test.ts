import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime

beforeAll(async () => {
  runtime = await spawnRuntime({
    spicepod: {
      name: 'http-sql',
      datasets: [
        { from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: { enabled: true } },
        { from: `file:${dataFile('flights-3m.parquet')}`, name: 'flights' },
        { from: `file:${dataFile('cars.json')}`, name: 'cars' },
      ],
    },
  })
})

afterAll(() => runtime?.stop())

async function sql(body: string | object, headers: Record<string, string> = {}) {
  const isText = typeof body === 'string'
  const response = await fetch(`${runtime.httpUrl}/v1/sql`, {
    method: 'POST',
    body: isText ? body : JSON.stringify(body),
    headers: {
      'content-type': isText ? 'text/plain' : 'application/json',
      'cache-control': 'no-cache',
      ...headers,
    },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('statements', () => {
  it('finds a dataset by its bare, its half and its full name', async () => {
    for (const name of ['stocks', 'public.stocks', 'spice.public.stocks', 'STOCKS']) {
      expect((await sql(`SELECT count(*) AS n FROM ${name}`)).text).toBe('[{"n":560}]')
    }
  })

  it('reads CSV, JSON and Parquet', async () => {
    expect((await sql('SELECT count(*) AS n FROM cars')).text).toBe('[{"n":406}]')
    expect((await sql('SELECT count(*) AS n FROM flights')).text).toBe('[{"n":3000000}]')
  })

  it.each([
    ['text that is no SQL', 'SELEC 1', /syntax error at or near "SELEC"/],
    ['an unknown table', 'SELECT * FROM nowhere', /nowhere does not exist/],
    ['an unknown column', 'SELECT nothing FROM stocks', /"nothing" not found/],
    ['a value that cannot be converted', "SELECT 'x'::INT", /Could not convert/],
    ['nothing at all', ' -- nothing', /no SQL statement/],
    ['two statements', 'SELECT 1; SELECT 2', /one statement at a time/],
    [
      'a change to a dataset that is read-only',
      "INSERT INTO stocks VALUES ('A', 'B', 1)",
      /stocks is read-only/,
    ],
    ['a setting', 'SET threads = 1', /SET statements are not available/],
    [
      'a file beside the datasets',
      `SELECT * FROM read_csv('${dataFile('airports.csv')}')`,
      /disabled by configuration/,
    ],
    ['writing a file', `COPY stocks TO '/tmp/stocks.csv'`, /disabled by configuration/],
  ])('answers %s with 400 and the reason', async (_, statement, reason) => {
    const { status, text, headers } = await sql(statement)
    expect(status).toBe(400)
    expect(text).toMatch(reason)
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(headers.get('spice-trace-id')).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('parameters', () => {
  it('are bound by position and by name, in both spellings', async () => {
    const expected = '[{"n":123}]'
    const query = 'SELECT count(*) AS n FROM stocks WHERE symbol = $1 AND price > $2'
    expect((await sql({ sql: query, parameters: ['MSFT', 0] })).text).toBe(expected)
    for (const placeholder of ['$symbol', ':symbol']) {
      const named = {
        sql: `SELECT count(*) AS n FROM stocks WHERE symbol = ${placeholder}`,
        parameters: { symbol: 'MSFT' },
      }
      expect((await sql(named)).text).toBe(expected)
    }
  })

  it('keep every digit of an integer and are floats when written as floats', async () => {
    const body =
      '{"sql":"SELECT $1 AS a, typeof($1) AS t, typeof($2) AS u, typeof($3) AS v","parameters":[9007199254740993,5.0,9223372036854775808]}'
    const { text } = await sql(body, { 'content-type': 'application/json' })
    expect(text).toBe('[{"a":9007199254740993,"t":"BIGINT","u":"DOUBLE","v":"DOUBLE"}]')
  })

  it('may be null, true or text that looks like SQL', async () => {
    const { text } = await sql({
      sql: 'SELECT $1 AS a, $2 AS b, $3 AS c',
      parameters: [null, true, "'; DROP TABLE stocks"],
    })
    expect(text).toBe(`[{"a":null,"b":true,"c":"'; DROP TABLE stocks"}]`)
  })

  it.each([
    ['too few', { sql: 'SELECT $1, $2', parameters: [1] }, /no value was given for \$2/],
    ['too many', { sql: 'SELECT $1', parameters: [1, 2] }, /no placeholder for \$2/],
    ['none', { sql: 'SELECT $1' }, /no value was given for \$1/],
    ['of another name', { sql: 'SELECT $a', parameters: { b: 1 } }, /no value was given for \$a/],
    ['nested', { sql: 'SELECT $1', parameters: [[1]] }, /Invalid JSON/],
    ['no list', { sql: 'SELECT 1', parameters: 5 }, /Invalid JSON/],
  ])('that are %s are refused with 400', async (_, body, reason) => {
    const { status, text } = await sql(body)
    expect(status).toBe(400)
    expect(text).toMatch(reason)
  })

  it('are not looked for when the content type is not exactly application/json', async () => {
    const { status } = await sql('{"sql":"SELECT 1"}', { 'content-type': 'application/json; charset=utf-8' })
    expect(status).toBe(400)
  })

  it('in a body that is no JSON are refused', async () => {
    const { status, text } = await sql('{"sql": 01}', { 'content-type': 'application/json' })
    expect(status).toBe(400)
    expect(text).toMatch(/Invalid JSON/)
  })
})

/** A value of every type, with what it reads in JSON, its Arrow type, and what it reads in a table. */
const VALUES: ReadonlyArray<[sql: string, json: string, dataType: unknown, display: string]> = [
  ['true', 'true', 'Boolean', 'true'],
  ['(-128)::TINYINT', '-128', 'Int8', '-128'],
  ['9223372036854775807', '9223372036854775807', 'Int64', '9223372036854775807'],
  ['18446744073709551615::UBIGINT', '18446744073709551615', 'UInt64', '18446744073709551615'],
  ['9007199254740993::HUGEINT', '9007199254740993', { Decimal128: [38, 0] }, '9007199254740993'],
  ['0.1::FLOAT', '0.1', 'Float32', '0.1'],
  ['1e0', '1.0', 'Float64', '1.0'],
  ["'NaN'::DOUBLE", 'null', 'Float64', 'NaN'],
  ["'-inf'::DOUBLE", 'null', 'Float64', '-inf'],
  ['12.340::DECIMAL(10,3)', '12.340', { Decimal128: [10, 3] }, '12.340'],
  [`'naïve "q" \\ ' || chr(10) || '🦆'`, String.raw`"naïve \"q\" \\ \n🦆"`, 'Utf8', 'naïve'],
  [String.raw`'\xAB\x00'::BLOB`, '"ab00"', 'Binary', 'ab00'],
  ["DATE '2024-01-31'", '"2024-01-31"', 'Date32', '2024-01-31'],
  [
    "TIMESTAMP '2024-01-31 12:00:00.123'",
    '"2024-01-31T12:00:00.123"',
    { Timestamp: ['Microsecond', null] },
    '2024-01-31T12:00:00.123',
  ],
  [
    "TIMESTAMPTZ '2024-01-31 12:00:00+02'",
    '"2024-01-31T10:00:00Z"',
    { Timestamp: ['Microsecond', 'UTC'] },
    '2024-01-31T10:00:00Z',
  ],
  [
    "'2024-01-31 12:00:00.000000001'::TIMESTAMP_NS",
    '"2024-01-31T12:00:00.000000001"',
    { Timestamp: ['Nanosecond', null] },
    '2024-01-31T12:00:00.000000001',
  ],
  ["TIME '12:00:00.5'", '"12:00:00.500"', { Time64: 'Microsecond' }, '12:00:00.500'],
  ['INTERVAL 26 HOURS', '"26 hours"', { Interval: 'MonthDayNano' }, '26 hours'],
  ["'b'::ENUM('a', 'b')", '"b"', { Dictionary: ['UInt8', 'Utf8'] }, 'b'],
  [
    "'550e8400-e29b-41d4-a716-446655440000'::UUID",
    '"550e8400-e29b-41d4-a716-446655440000"',
    'Utf8',
    '550e8400',
  ],
  ['[1, NULL, 3]', '[1,null,3]', { List: expect.objectContaining({ data_type: 'Int32' }) }, '[1, , 3]'],
  ['[1, 2]::INT[2]', '[1,2]', { FixedSizeList: [expect.anything(), 2] }, '[1, 2]'],
  ["{'a': 1, 'b': NULL::INT}", '{"a":1,"b":null}', { Struct: expect.anything() }, '{a: 1, b: }'],
  ["MAP {'k': 1}", '{"k":1}', { Map: expect.anything() }, '{k: 1}'],
  ['union_value(n := 1.50::DECIMAL(3,2))', '"1.50"', { Union: expect.anything() }, '1.50'],
  ['NULL', 'null', expect.anything(), ''],
]

describe('values', () => {
  it.each(VALUES)('%s', async (expression, json, dataType, display) => {
    expect((await sql(`SELECT ${expression} AS v`)).text).toBe(`[{"v":${json}}]`)

    const typed = await sql(`SELECT ${expression} AS v`, { accept: 'application/vnd.spiceai.sql.v1+json' })
    expect(typed.text).toContain(`"data":[{"v":${json}}]}`)
    const { row_count, schema } = JSON.parse(typed.text)
    expect(row_count).toBe(1)
    expect(schema.fields[0]).toMatchObject({ name: 'v', data_type: dataType, nullable: true })

    expect((await sql(`SELECT ${expression} AS v`, { accept: 'text/plain' })).text).toContain(`| ${display}`)
  })

  it('of a map whose keys are no text have no JSON', async () => {
    const { status, text } = await sql('SELECT MAP {1: 2} AS v')
    expect(status).toBe(400)
    expect(text).toMatch(/keys are text/)
  })

  it('of columns with one name stand beside each other', async () => {
    expect((await sql('SELECT 1 AS a, 2 AS a')).text).toBe('[{"a":1,"a":2}]')
  })

  it('under nested nulls are exact in every row of several batches', async () => {
    const { text } = await sql(
      "SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE {'l': [i, NULL], 's': CASE WHEN i % 2 = 0 THEN 'even' END} END AS n FROM range(20000) t(i)",
    )
    const rows = JSON.parse(text)
    expect(rows).toHaveLength(20_000)
    for (const [index, row] of rows.entries()) {
      const nested = index % 3 === 0 ? null : { l: [index, null], s: index % 2 === 0 ? 'even' : null }
      expect(row).toEqual({ i: index, n: nested })
    }
  })
})

describe('formats', () => {
  it('follow the first type of Accept that is known, and JSON otherwise', async () => {
    const type = async (accept: string) =>
      (await sql('SELECT 1 AS a', { accept })).headers.get('content-type')
    expect(await type('text/csv')).toBe('text/csv')
    expect(await type('image/png, text/plain, text/csv')).toBe('text/plain')
    expect(await type('text/csv; charset=utf-8')).toBe('application/json')
    expect(await type('*/*')).toBe('application/json')
  })

  it('in CSV quote what must be quoted and leave nulls empty', async () => {
    const { text } = await sql(`SELECT 'a,b' AS "x,y", NULL AS n, 'q"q' AS q`, { accept: 'text/csv' })
    expect(text).toBe('"x,y",n,q\n"a,b",,"q""q"\n')
  })

  it('for no rows are an empty array, an empty schema or an empty body', async () => {
    const none = 'SELECT * FROM stocks WHERE false'
    expect((await sql(none)).text).toBe('[]')
    expect((await sql(none, { accept: 'application/vnd.spiceai.sql.v1+json' })).text).toBe(
      '{"row_count":0,"schema":{},"data":[]}',
    )
    expect((await sql(none, { accept: 'text/csv' })).text).toBe('')
  })
})
