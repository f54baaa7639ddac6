import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AbortError, QueryError, TimeoutError, WriteError } from '../../src/errors.ts'
import { connect, type SidecarClient } from '../../src/index.ts'
import { interopPath, ServerProcess } from './server-process.ts'

/** arrow-go's SQLite Flight SQL example: gRPC and Flight SQL of another make, with a real engine behind. */
let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start(interopPath('.cache/go-server'), [])
})
afterAll(() => server.stop())

/** `count` rows, or without end: a recursion SQLite runs for as long as somebody reads. */
const counting = (count?: number) =>
  `WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter ${
    count === undefined ? '' : `WHERE n < ${count}`
  }) SELECT n FROM counter`

describe.each(['native', 'grpc-js'] as const)('the Go Flight SQL server over %s', (transport) => {
  let spice: SidecarClient

  beforeAll(async () => {
    spice = await connect({ flightUrl: `grpc://${server.addresses.flight}`, flight: { transport } })
  })
  afterAll(() => spice.close())

  it('answers a query with typed rows', async () => {
    const rows = await spice.query(
      'SELECT id, keyName, value, foreignId FROM intTable WHERE id <= 4 ORDER BY id',
    )
    expect(rows).toEqual([
      { id: 1n, keyName: 'one', value: 1n, foreignId: 1n },
      { id: 2n, keyName: 'zero', value: 0n, foreignId: 1n },
      { id: 3n, keyName: 'negative one', value: -1n, foreignId: 1n },
      { id: 4n, keyName: null, value: null, foreignId: null },
    ])
  })

  it('binds parameters', async () => {
    const find = 'SELECT keyName FROM intTable WHERE value = ? AND keyName LIKE ?'
    expect(await spice.query(find, [1, 'o%'])).toEqual([{ keyName: 'one' }])
    expect(await spice.query(find, [0, '%'])).toEqual([{ keyName: 'zero' }])
    expect(await spice.query(find, [0, 'o%'])).toEqual([])
  })

  it('gives the server’s own words for a statement it refuses', async () => {
    const error = await spice.query('SELECT * FROM missing').then(
      () => null,
      (reason: unknown) => reason as Error,
    )
    expect(error).toBeInstanceOf(QueryError)
    expect(error?.message).toContain('no such table: missing')
  })

  it('counts the rows a statement changed', async () => {
    const { rowCount } = await spice.execute(
      "INSERT INTO intTable (keyName, value) VALUES ('new', 9), ('newer', 10)",
    )
    expect(rowCount).toBe(2n)
    const deleted = await spice.execute('DELETE FROM intTable WHERE value >= ?', [9])
    expect(deleted.rowCount).toBe(2n)
    expect(await spice.query('SELECT count(*) AS n FROM intTable')).toEqual([{ n: 4n }])
  })

  it('appends rows in bulk, all or none', async () => {
    const source = { keyName: 'bulk', value: 7, foreignId: null }
    const rows = Array.from({ length: 5000 }, (_, index) => ({ ...source, id: 1000 + index }))
    const written = 'SELECT count(*) AS n, sum(id) AS ids FROM intTable WHERE value = 7'
    expect(await spice.write('intTable', rows, { batchRows: 1000 })).toEqual({ rows: 5000, batches: 5 })
    expect(await spice.query(written)).toEqual([{ n: 5000n, ids: 17_497_500n }])
    const clash = [{ ...source, id: 900 }, ...rows]
    const failure = await spice.write('intTable', clash, { batchRows: 1000 }).catch((error) => error)
    expect(failure).toBeInstanceOf(WriteError)
    expect(failure.message).toMatch(/UNIQUE constraint failed/)
    expect((await spice.execute('DELETE FROM intTable WHERE value = 7')).rowCount).toBe(5000n)
    await expect(spice.write('missing', rows)).rejects.toThrow(/lists no table of this name/)
  })

  it('streams a result of many batches', async () => {
    let rows = 0
    let last = 0n
    for await (const row of spice.query(counting(100_000))) {
      rows++
      last = row.n as bigint
    }
    expect([rows, last]).toEqual([100_000, 100_000n])
  })

  it('stops a query that is read no further and answers the next', async () => {
    let rows = 0
    for await (const _ of spice.query(counting())) if (++rows === 5_000) break
    expect(await spice.query('SELECT 1 AS one')).toEqual([{ one: 1n }])
  })

  it('ends a query at its deadline and answers the next', async () => {
    await expect(spice.query(counting(), [], { timeoutMs: 300 })).rejects.toBeInstanceOf(TimeoutError)
    expect(await spice.query('SELECT 1 AS one')).toEqual([{ one: 1n }])
  })

  it('ends a query when its signal aborts', async () => {
    const abort = new AbortController()
    let rows = 0
    const reading = (async () => {
      for await (const _ of spice.query(counting(), [], { signal: abort.signal }))
        if (++rows === 2_000) abort.abort()
    })()
    await expect(reading).rejects.toBeInstanceOf(AbortError)
  })

  it('runs many queries at once on its connection', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => spice.query(`SELECT ${index} AS n`)),
    )
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => [{ n: BigInt(index) }]))
  })
})
