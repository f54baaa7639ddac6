/**
 * `npm run bench:http`: a query over HTTP against a bare undici dispatch of the same request, in
 * interleaved rounds, against a server that replays prepared bytes. `--json FILE` writes the figures.
 */
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type Dispatcher, Pool } from 'undici'
import { describeEnvironment } from '../client/environment.ts'
import { type Measurement, median, repeat } from '../client/measure.ts'
import { table } from '../client/report.ts'
import { startServer } from '../client/workers.ts'
import { ONE_ROW, THOUSAND_ROWS } from './statements.ts'

const { values: flags } = parseArgs({ options: { json: { type: 'string' }, rounds: { type: 'string' } } })
const rounds = Number(flags.rounds ?? 7)

// The package as installed, with the types of its source: the build may not be there at type checking.
const built = new URL('../../dist/index.mjs', import.meta.url).href
const { connect } = (await import(built)) as typeof import('../../src/index.ts')

const { child, address } = await startServer<AddressInfo>(new URL('replay-server.ts', import.meta.url))
const origin = `http://127.0.0.1:${address.port}`
const pool = new Pool(origin, { connections: 1, headersTimeout: 0, bodyTimeout: 0 })
const spice = await connect({ httpUrl: origin, transport: 'http' })

/** Resolves with the bytes of the answer's body; nothing is decoded. */
function dispatch(sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(_, chunk) {
        bytes += chunk.length
      },
      onResponseEnd: () => resolve(bytes),
      onResponseError: (_, error) => reject(error),
    }
    const headers = ['accept', 'application/vnd.spiceai.sql.v1+json', 'content-type', 'text/plain']
    pool.dispatch({ method: 'POST', path: '/v1/sql', headers, body: sql }, handler)
  })
}

async function rowsOf(sql: string, expected: number): Promise<void> {
  const { length } = await spice.query(sql)
  if (length !== expected) throw new Error(`expected ${expected} rows, got ${length}`)
}

const CASES = [
  { name: 'one row', sql: ONE_ROW, rows: 1 },
  { name: '1 000 rows', sql: THOUSAND_ROWS, rows: 1_000 },
]

const results: Array<Record<string, string | number>> = []
try {
  for (const { name, sql, rows } of CASES) {
    const bare: Measurement[] = []
    const ours: Measurement[] = []
    const runs: Array<[Measurement[], () => Promise<void>]> = [
      [bare, async () => void (await dispatch(sql))],
      [ours, () => rowsOf(sql, rows)],
    ]
    for (let round = -1; round < rounds; round++) {
      for (const [measurements, run] of runs) {
        const measurement = await repeat(run, { durationMs: 500, minimum: 50, inFlight: 1 })
        if (round >= 0) measurements.push(measurement)
      }
    }
    results.push(
      { case: name, client: 'undici dispatch, bytes', ...summary(bare), ratio: 1 },
      {
        case: name,
        client: 'spice-sidecar over HTTP, rows',
        ...summary(ours),
        // Round by round, as in bench:client.
        ratio: median(ours.map((measurement, round) => measurement.p50Us / bare[round]!.p50Us)),
      },
    )
  }
} finally {
  await spice.close()
  await pool.destroy()
  child.kill()
}

function summary(measurements: Measurement[]): { p50Us: number; p99Us: number; cpuUsPerQuery: number } {
  const of = (figure: 'p50Us' | 'p99Us' | 'cpuUsPerQuery') =>
    median(measurements.map((round) => round[figure]))
  return { p50Us: of('p50Us'), p99Us: of('p99Us'), cpuUsPerQuery: of('cpuUsPerQuery') }
}

const head = ['case', 'client', 'p50 µs', 'p99 µs', 'CPU µs per query', 'p50 to undici’s']
const cell = (value: string | number) =>
  typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value
console.log(
  table(
    head,
    results.map((result) => Object.values(result).map(cell)),
  ).join('\n'),
)
if (flags.json) {
  writeFileSync(
    flags.json,
    `${JSON.stringify({ environment: describeEnvironment(), rounds, results }, null, 2)}\n`,
  )
}
