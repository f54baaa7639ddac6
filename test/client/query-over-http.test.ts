import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/index.ts'
import {
  runtimeScript,
  type Script,
  type ScriptedServer,
  scriptedHttp,
  sendSql,
  sqlReply,
} from '../support/scripted-http.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function runtime(onSql: Script) {
  const server: ScriptedServer = await scriptedHttp(runtimeScript(onSql))
  const spice = await connect({ httpUrl: server.url, env: {} })
  open.push(server.close, () => spice.close())
  return { server, spice }
}

async function collected<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const row of rows) all.push(row)
  return all
}

const NUMBERS = sqlReply({ n: 'Int32' }, JSON.stringify(Array.from({ length: 20_000 }, (_, n) => ({ n }))))

describe('a query over HTTP', () => {
  it('gives all rows when awaited', async () => {
    const { spice, server } = await runtime((_, response) => sendSql(response, NUMBERS))
    const rows = await spice.query('SELECT n FROM numbers')
    expect(rows).toHaveLength(20_000)
    expect(rows[19_999]).toEqual({ n: 19_999 })
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', body: 'SELECT n FROM numbers' })
  })

  it.each(['rows', 'first', 'iterated'] as const)('reads one row of many megabytes, %s', async (how) => {
    const text = 'x'.repeat(4_000_000)
    const reply = sqlReply({ s: 'Utf8' }, JSON.stringify([{ s: text }]))
    const { spice } = await runtime((_, response) => sendSql(response, reply))
    const query = spice.query('SELECT s FROM documents', [], { timeoutMs: 3_000 })
    const rows =
      how === 'rows' ? await query : how === 'first' ? [await query.first()] : await collected(query)
    expect(rows).toEqual([{ s: text }])
  })

  it('sends nothing until its result is asked for', async () => {
    const { spice, server } = await runtime((_, response) => sendSql(response, NUMBERS))
    spice.query('SELECT 1')
    await spice.query('SELECT 2')
    expect(server.requests.filter(({ url }) => url === '/v1/sql')).toHaveLength(1)
  })

  it('iterates over rows, and leaving the loop ends it', async () => {
    const { spice } = await runtime((_, response) => sendSql(response, NUMBERS))
    const seen: unknown[] = []
    for await (const row of spice.query('SELECT n FROM numbers')) {
      seen.push(row.n)
      if (seen.length === 9_000) break
    }
    expect(seen.at(-1)).toBe(8_999)
  })

  it('gives the first row, or undefined', async () => {
    const { spice } = await runtime((request, response) =>
      sendSql(response, request.body === 'none' ? sqlReply({}, '[]') : NUMBERS),
    )
    expect(await spice.query('SELECT n').first()).toEqual({ n: 0 })
    expect(await spice.query('none').first()).toBeUndefined()
  })
})

describe('a table over HTTP', () => {
  const column = async (reply: string): Promise<unknown[]> => {
    const { spice } = await runtime((_, response) => sendSql(response, reply))
    const table = await spice.query('SELECT v').table()
    return Array.from(table.getChild('v')!)
  }

  it('has the values of dictionaries, nested ones too', async () => {
    const dictionary = { Dictionary: ['Int32', 'Utf8'] }
    expect(await column(sqlReply({ v: dictionary }, '[{"v":"a"},{"v":null},{"v":"b"}]'))).toEqual([
      'a',
      null,
      'b',
    ])
    const list = { List: { name: 'item', data_type: dictionary, nullable: true } }
    const [items] = await column(sqlReply({ v: list }, '[{"v":["a","b"]}]'))
    expect(Array.from(items as Iterable<unknown>)).toEqual(['a', 'b'])
  })

  it.each([
    [
      'decimals, of which some fit a number',
      '[{"v":0.12345678901234567890},{"v":1.5}]',
      ['0.12345678901234567890', '1.5'],
    ],
    [
      'nested values',
      '[{"v":[1,null]},{"v":{"a":12345678901234567890}}]',
      ['[1,null]', '{"a":"12345678901234567890"}'],
    ],
    ['integers beyond 64 bits', '[{"v":18446744073709551616},{"v":1}]', ['18446744073709551616', '1']],
  ])('has as text, without a schema, %s', async (_what, reply, expected) => {
    expect(await column(reply)).toEqual(expected)
  })
})

describe('a runtime that takes no parameters over HTTP', () => {
  it.each([
    'SQL error: ParserError("Expected: an SQL statement, found: { at Line: 1, Column: 1")',
    'Parser Error: syntax error at or near "{"',
  ])('is named as such when it says %s', async (message) => {
    const { spice } = await runtime((_, response) => response.writeHead(400).end(message))
    await expect(spice.query('SELECT $1', [1])).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/no parameters over HTTP.*use Flight.*\{/s),
    })
    await expect(spice.query('SELECT {')).rejects.toMatchObject({ code: 'QUERY_FAILED' })
  })
})
