import { DuckDBInstance } from '@duckdb/node-api'
import { type Data, tableFromIPC, type Vector } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ColumnBatch, frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { BATCH_ROWS, recordBatches } from '../../src/embedded/duckdb-arrow/batches.ts'
import { mappingsOf, schemaOfMappings } from '../../src/embedded/duckdb-arrow/schema.ts'

let connection: Awaited<ReturnType<DuckDBInstance['connect']>>
beforeAll(async () => {
  connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`set timezone = 'UTC'`)
})
afterAll(() => connection.closeSync())

async function arrowBatches(sql: string) {
  const result = await connection.stream(sql)
  const mappings = mappingsOf(result.columnTypes())
  const batches: ColumnBatch[] = []
  for await (const batch of recordBatches(result, mappings)) batches.push(batch)
  return { schema: schemaOfMappings(result.columnNames(), mappings), batches }
}

/** The result as apache-arrow, a decoder that is not ours, reads it from an IPC stream. */
async function arrowTable(sql: string) {
  const { schema, batches } = await arrowBatches(sql)
  return tableFromIPC(Buffer.concat([...frameIpcStream(schema, batches)]))
}

type Show = (vector: Vector, row: number) => string

/** A fixed-width value from its buffer: apache-arrow's own accessors round to milliseconds and numbers. */
function rawInteger(vector: Vector, row: number): bigint {
  const data = vector.data[0] as Data
  const values = data.values as BigInt64Array | Int32Array
  return BigInt(values[row])
}

const asIs: Show = (vector, row) => String(vector.get(row))
const asNumber: Show = (vector, row) => String(Number(vector.get(row)))
const asHex: Show = (vector, row) =>
  [...(vector.get(row) as Uint8Array)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

const asDecimal: Show = (vector, row) => {
  const { scale } = vector.type as unknown as { scale: number }
  const words = (vector.data[0].values as Uint32Array).subarray(row * 4, row * 4 + 4)
  let value = 0n
  for (let index = 3; index >= 0; index--) value = (value << 32n) | BigInt(words[index] >>> 0)
  value = BigInt.asIntN(128, value)
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const sign = value < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

const asDate: Show = (vector, row) =>
  new Date(Number(rawInteger(vector, row)) * 86_400_000).toISOString().slice(0, 10)

/** `YYYY-MM-DD HH:MM:SS[.fraction]` of a count of 10^-`digits` seconds. */
function asTimestamp(digits: number, suffix = ''): Show {
  return (vector, row) => {
    const unit = 10n ** BigInt(digits)
    const raw = rawInteger(vector, row)
    const fraction = ((raw % unit) + unit) % unit
    const seconds = Number((raw - fraction) / unit)
    const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
    const decimals = fraction === 0n ? '' : `.${fraction.toString().padStart(digits, '0').replace(/0+$/, '')}`
    return text + decimals + suffix
  }
}

function asTime(digits: number): Show {
  const timestamp = asTimestamp(digits)
  return (vector, row) => timestamp(vector, row).slice(11)
}

interface TypeCase {
  sql: string
  arrow: string
  values: string[]
  show: Show
}

const CASES: TypeCase[] = [
  { sql: 'BOOLEAN', arrow: 'Bool', values: ['true', 'false'], show: asIs },
  { sql: 'TINYINT', arrow: 'Int8', values: ['-128', '127'], show: asIs },
  { sql: 'SMALLINT', arrow: 'Int16', values: ['-32768', '32767'], show: asIs },
  { sql: 'INTEGER', arrow: 'Int32', values: ['-2147483648', '2147483647'], show: asIs },
  { sql: 'BIGINT', arrow: 'Int64', values: ['-9223372036854775808', '9223372036854775807'], show: asIs },
  { sql: 'UTINYINT', arrow: 'Uint8', values: ['0', '255'], show: asIs },
  { sql: 'USMALLINT', arrow: 'Uint16', values: ['0', '65535'], show: asIs },
  { sql: 'UINTEGER', arrow: 'Uint32', values: ['0', '4294967295'], show: asIs },
  { sql: 'UBIGINT', arrow: 'Uint64', values: ['0', '18446744073709551615'], show: asIs },
  { sql: 'FLOAT', arrow: 'Float32', values: ['1.5', '-0.25'], show: asNumber },
  { sql: 'DOUBLE', arrow: 'Float64', values: ['1.7976931348623157e308', '0.1', '-2.5'], show: asNumber },
  { sql: 'DECIMAL(4,2)', arrow: 'Decimal[4e+2]', values: ['99.99', '-99.99', '0.01'], show: asDecimal },
  { sql: 'DECIMAL(9,3)', arrow: 'Decimal[9e+3]', values: ['123456.789', '-0.001'], show: asDecimal },
  {
    sql: 'DECIMAL(18,4)',
    arrow: 'Decimal[18e+4]',
    values: ['99999999999999.9999', '-12345678901234.5678', '4294967.2960'],
    show: asDecimal,
  },
  {
    sql: 'DECIMAL(38,10)',
    arrow: 'Decimal[38e+10]',
    values: ['9999999999999999999999999999.9999999999', '-1.0000000001'],
    show: asDecimal,
  },
  {
    sql: 'HUGEINT',
    arrow: 'Decimal[38e0]',
    values: ['99999999999999999999999999999999999999', '-99999999999999999999999999999999999999', '7'],
    show: asDecimal,
  },
  {
    sql: 'UHUGEINT',
    arrow: 'Decimal[38e0]',
    values: ['99999999999999999999999999999999999999'],
    show: asDecimal,
  },
  { sql: 'DATE', arrow: 'Date32<DAY>', values: [`'1969-12-31'`, `'2024-02-29'`], show: asDate },
  {
    sql: 'TIME',
    arrow: 'Time64<MICROSECOND>',
    values: [`'00:00:00'`, `'23:59:59.999999'`],
    show: asTime(6),
  },
  {
    sql: 'TIMESTAMP',
    arrow: 'Timestamp<MICROSECOND>',
    values: [`'1969-12-31 23:59:59.999999'`, `'2024-02-29 12:34:56.789012'`],
    show: asTimestamp(6),
  },
  { sql: 'TIMESTAMP_S', arrow: 'Timestamp<SECOND>', values: [`'2024-02-29 12:34:56'`], show: asTimestamp(0) },
  {
    sql: 'TIMESTAMP_MS',
    arrow: 'Timestamp<MILLISECOND>',
    values: [`'2024-02-29 12:34:56.789'`],
    show: asTimestamp(3),
  },
  {
    sql: 'TIMESTAMP_NS',
    arrow: 'Timestamp<NANOSECOND>',
    values: [`'2024-02-29 12:34:56.789012345'`],
    show: asTimestamp(9),
  },
  {
    sql: 'TIMESTAMPTZ',
    arrow: 'Timestamp<MICROSECOND, UTC>',
    values: [`'2024-02-29 12:34:56.789012+02'`],
    show: asTimestamp(6, '+00'),
  },
  {
    sql: 'VARCHAR',
    arrow: 'Utf8',
    values: [`''`, `'twelve bytes'`, `'thirteen byte'`, `'Grüße, 世界 🌍 and more'`],
    show: asIs,
  },
  { sql: 'JSON', arrow: 'Utf8', values: [`'{"a":[1,2,3],"b":null}'`], show: asIs },
  {
    sql: 'BLOB',
    arrow: 'Binary',
    values: [`'\\x00\\xff\\x80'::BLOB`, `repeat('\\xfe'::BLOB, 40)`],
    show: asHex,
  },
  {
    sql: 'UUID',
    arrow: 'Utf8',
    values: [`'00000000-0000-0000-0000-000000000000'`, `'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'`],
    show: asIs,
  },
  { sql: 'BIT', arrow: 'Utf8', values: [`'0'`, `'101010101'`], show: asIs },
  { sql: 'BIGNUM', arrow: 'Utf8', values: [`'-${'1234567890'.repeat(6)}'`, `'0'`], show: asIs },
  { sql: 'TIMETZ', arrow: 'Utf8', values: [`'12:34:56.789-05:30'`], show: asIs },
  {
    sql: `ENUM('low', 'a name that is not inline')`,
    arrow: 'Dictionary<Uint8, Utf8>',
    values: [`'low'`, `'a name that is not inline'`],
    show: asIs,
  },
]

describe('a DuckDB column as Arrow', () => {
  it.each(CASES)('$sql becomes $arrow, nulls and extremes included', async ({ sql, arrow, values, show }) => {
    const rows = [...values, 'NULL', ...values].map((value) => `(CAST(${value} AS ${sql}))`).join(', ')
    const table = await arrowTable(`SELECT v, v::VARCHAR AS text FROM (VALUES ${rows}) AS t(v)`)
    const vector = table.getChildAt(0)!
    expect(String(vector.type)).toBe(arrow)
    const expected = table.getChildAt(1)!.toArray() as string[]
    for (let row = 0; row < table.numRows; row++) {
      const shown = vector.isValid(row) ? show(vector, row) : null
      if (show === asNumber && shown !== null) expect(Number(shown)).toBe(Number(expected[row]))
      else expect(shown?.toLowerCase()).toBe(expected[row]?.toLowerCase())
    }
    expect(vector.nullCount).toBe(1)
  })

  it('INTERVAL becomes MonthDayNano', async () => {
    const table = await arrowTable(
      `SELECT v FROM (VALUES (INTERVAL '1 month -2 days 3.000004 seconds'), (NULL)) AS t(v)`,
    )
    const vector = table.getChildAt(0)!
    expect(String(vector.type)).toBe('Interval<MONTH_DAY_NANO>')
    const words = vector.data[0].values as Int32Array
    const nanoseconds = new BigInt64Array(words.slice(2, 4).buffer)[0]
    expect([words[0], words[1], nanoseconds]).toEqual([1, -2, 3_000_004_000n])
    expect(vector.isValid(1)).toBe(false)
  })

  it('VARIANT becomes text, GEOMETRY its well-known binary form', async () => {
    const table = await arrowTable(`SELECT {'a': 1}::VARIANT AS v, 'POINT(1 2)'::GEOMETRY AS g`)
    expect(table.schema.fields.map((field) => String(field.type))).toEqual(['Utf8', 'Binary'])
    expect(table.get(0)!.v).toBe(`{'a': 1}`)
    expect([...table.get(0)!.g.subarray(0, 5)]).toEqual([1, 1, 0, 0, 0])
  })

  it('a JSON column names its extension type', async () => {
    const { schema } = await arrowBatches(`SELECT '{}'::JSON AS j, 'x' AS s`)
    expect(schema.fields[0].metadata.get('ARROW:extension:name')).toBe('arrow.json')
    expect(schema.fields[1].metadata.size).toBe(0)
  })

  it('a HUGEINT beyond Decimal128 and an INTERVAL beyond nanoseconds are errors, nulls are not', async () => {
    await expect(arrowBatches(`SELECT 100000000000000000000000000000000000000::HUGEINT`)).rejects.toThrow(
      /38 digits/,
    )
    await expect(arrowBatches(`SELECT INTERVAL '300 years' * 10000`)).resolves.toBeDefined()
    await expect(arrowBatches(`SELECT to_microseconds(9000000000000000000)`)).rejects.toThrow(/nanoseconds/)
    await expect(arrowBatches('SELECT NULL::HUGEINT, NULL::UHUGEINT, NULL::INTERVAL')).resolves.toBeDefined()
  })
})

const NESTED: Array<{ name: string; sql: string; arrow: string; rows: unknown[] }> = [
  {
    name: 'LIST with nulls, empty lists and null lists',
    sql: `SELECT v FROM (VALUES ([1, NULL, 3]), (NULL), ([]), ([4])) AS t(v)`,
    arrow: 'List<Int32>',
    rows: [[1, null, 3], null, [], [4]],
  },
  {
    name: 'LIST of LIST of VARCHAR',
    sql: `SELECT v FROM (VALUES ([['a', 'a string that is not inline'], []]), ([NULL, ['b']])) AS t(v)`,
    arrow: 'List<List<Utf8>>',
    rows: [
      [['a', 'a string that is not inline'], []],
      [null, ['b']],
    ],
  },
  {
    name: 'ARRAY of ARRAY',
    sql: `SELECT v::INTEGER[2][2] AS v FROM (VALUES ([[1, 2], [3, NULL]]), (NULL), ([[5, 6], [7, 8]])) AS t(v)`,
    arrow: 'FixedSizeList[2]<FixedSizeList[2]<Int32>>',
    rows: [
      [
        [1, 2],
        [3, null],
      ],
      null,
      [
        [5, 6],
        [7, 8],
      ],
    ],
  },
  {
    name: 'STRUCT with null members and null structs',
    sql: `SELECT v FROM (VALUES ({'a': 1, 'b': 'x'}), (NULL), ({'a': NULL, 'b': 'y'})) AS t(v)`,
    arrow: 'Struct<{a:Int32, b:Utf8}>',
    rows: [{ a: 1, b: 'x' }, null, { a: null, b: 'y' }],
  },
  {
    name: 'UNION with every member and null',
    sql: `SELECT v FROM (VALUES (union_value(n := 1)::UNION(n INTEGER, s VARCHAR)),
            ('text'::UNION(n INTEGER, s VARCHAR)), (NULL), (2::UNION(n INTEGER, s VARCHAR))) AS t(v)`,
    arrow: 'Union<Int32, Utf8>',
    rows: [1, 'text', null, 2],
  },
]

describe('nested DuckDB columns as Arrow', () => {
  it.each(NESTED)('$name', async ({ sql, arrow, rows }) => {
    const table = await arrowTable(sql)
    const vector = table.getChildAt(0)!
    expect(String(vector.type).replaceAll(/\s+\|\s+/g, ', ')).toBe(arrow)
    expect(plain([...vector])).toEqual(rows)
  })

  it('MAP keeps its order and null values; its keys are not nullable', async () => {
    const { schema, batches } = await arrowBatches(
      `SELECT MAP {'z': 1, 'a': NULL} AS m UNION ALL SELECT NULL`,
    )
    const table = tableFromIPC(Buffer.concat([...frameIpcStream(schema, batches)]))
    const type = schema.fields[0].type
    expect(
      type.kind === 'map' && type.entries.type.kind === 'struct' && type.entries.type.children[0],
    ).toMatchObject({ name: 'key', nullable: false })
    const values = [...table.getChildAt(0)!].map((map) => (map === null ? null : [...map]))
    expect(values).toEqual([
      [
        ['z', 1],
        ['a', null],
      ],
      null,
    ])
  })
})

/** apache-arrow's vectors and struct rows as arrays and objects. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Symbol.iterator in value && !('toJSON' in value && !('length' in value))) {
    return Array.from(value as Iterable<unknown>, plain)
  }
  return Object.fromEntries(
    Object.entries((value as { toJSON(): object }).toJSON()).map(([k, v]) => [k, plain(v)]),
  )
}

describe('record batches', () => {
  it('hold 8192 rows, whatever the size of the chunks', async () => {
    const { batches } = await arrowBatches('SELECT i FROM range(20000) AS t(i)')
    expect(batches.map((batch) => batch.length)).toEqual([BATCH_ROWS, BATCH_ROWS, 20000 - 2 * BATCH_ROWS])
  })

  it('carry rows exactly over chunk and batch borders, in every layout at once', async () => {
    const table = await arrowTable(`
      SELECT i, i % 3 = 0 AS flag, CASE WHEN i % 7 = 0 THEN NULL ELSE i * 2 END AS sparse,
        repeat('x', (i % 40)::INTEGER) || i AS text,
        CASE WHEN i % 5 = 0 THEN NULL ELSE range(i % 4) END AS list
      FROM range(10000) AS t(i)`)
    expect(table.numRows).toBe(10000)
    for (let i = 0; i < 10000; i++) {
      const row = table.get(i)!
      expect(row.i).toBe(BigInt(i))
      expect(row.flag).toBe(i % 3 === 0)
      expect(row.sparse).toBe(i % 7 === 0 ? null : BigInt(i * 2))
      expect(row.text).toBe('x'.repeat(i % 40) + i)
      const list = i % 5 === 0 ? null : Array.from({ length: i % 4 }, (_, index) => BigInt(index))
      expect(row.list === null ? null : [...row.list]).toEqual(list)
    }
  })

  it('read long strings that repeat and lie in no order', async () => {
    const table = await arrowTable(`
      SELECT i, 'a city with a long name ' || (hash(i) % 50) AS city FROM range(9000) AS t(i) ORDER BY hash(i)`)
    const expected = await connection.runAndReadAll(`
      SELECT 'a city with a long name ' || (hash(i) % 50) AS city FROM range(9000) AS t(i) ORDER BY hash(i)`)
    expect(table.getChild('city')!.toArray()).toEqual(expected.getRows().map(([city]) => city))
  })

  it('share one dictionary, so that it needs to be sent once', async () => {
    const { batches } = await arrowBatches(`
      SELECT ['a', 'b'][1 + i % 2]::ENUM('a', 'b') AS e FROM range(20000) AS t(i)`)
    const dictionaries = new Set(batches.map((batch) => batch.columns[0].dictionary!.values))
    expect(dictionaries.size).toBe(1)
  })

  it('keep a schema without rows', async () => {
    const { schema, batches } = await arrowBatches('SELECT 1 AS a WHERE false')
    expect(schema.fields.map((field) => field.name)).toEqual(['a'])
    expect(batches).toEqual([])
  })

  it('are closed early when rows are large', async () => {
    const { batches } = await arrowBatches(`SELECT repeat('x', 20000) || i AS s FROM range(6000) AS t(i)`)
    expect(batches.map((batch) => batch.length).reduce((sum, length) => sum + length)).toBe(6000)
    expect(batches.length).toBeGreaterThan(2)
    expect(batches.length).toBeLessThan(4)
  })
})
