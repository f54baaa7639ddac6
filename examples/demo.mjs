// The main job on real data: start a runtime, discover it, query it both ways, measure the loopback.
// Flags are passed on to `spice-sidecar bench`, such as --duration 5, --json FILE, --html FILE, --rtt 20.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect, sql } from 'spice-sidecar'

const cli = fileURLToPath(new URL('../dist/cli.mjs', import.meta.url))
const spicepod = fileURLToPath(new URL('./spicepod.yaml', import.meta.url))

const runtime = spawn(
  process.execPath,
  [cli, 'serve', spicepod, '--http', '127.0.0.1:0', '--flight', '127.0.0.1:0'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
process.once('exit', () => runtime.kill())
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

try {
  const { http } = JSON.parse(await firstLine(runtime))

  // An application beside its runtime finds it by itself on the well-known ports; this one is on a free port.
  process.env.SPICE_HTTP_URL = `http://${http}`
  const spice = await connect()
  try {
    console.log(`\nFound ${spice.endpoint.http}, Flight at ${spice.endpoint.flight}`)
    for (const transport of ['http', 'flight']) {
      const started = performance.now()
      const busiest = await spice.query(
        `SELECT origin, count(*) AS flights, avg(delay) AS "average delay"
         FROM flights GROUP BY origin ORDER BY flights DESC LIMIT 3`,
        [],
        { transport },
      )
      const took = (performance.now() - started).toFixed(1)
      console.log(`\nBusiest of 3 million flights, over ${transport} in ${took} ms:`)
      console.table(busiest)
    }
    const symbol = 'MSFT'
    const best = await spice.sql`SELECT symbol, date, price FROM stocks WHERE symbol = ${symbol}
                                 ORDER BY price DESC LIMIT ${1}`.first()
    console.log(`${best.symbol} was dearest on ${best.date}: ${best.price}`)
    const airports = sql.list(['SEA', 'SFO', 'LAX'])
    const [west] = await spice.sql`SELECT count(*) AS flights FROM flights WHERE origin IN (${airports})`
    console.log(`${west.flights} of the flights left from the west coast\n`)
  } finally {
    await spice.close()
  }

  const statements = {
    'select-1': 'SELECT 1 AS one',
    'point-lookup': `SELECT date, close FROM sp500 WHERE date = DATE '2008-10-10'`,
    '1000-rows': 'SELECT date, origin, destination, delay FROM flights LIMIT 1000',
    aggregate: 'SELECT origin, count(*) AS flights, avg(delay) AS delay FROM flights GROUP BY origin',
    '1m-rows': 'SELECT date, origin, destination, delay FROM flights LIMIT 1000000',
  }
  const flags = Object.entries(statements).flatMap(([name, text]) => ['--sql', `${name}=${text}`])
  const bench = spawn(
    process.execPath,
    [cli, 'bench', '--duration', '8', ...flags, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
    },
  )
  process.once('exit', () => bench.kill())
  process.exitCode = await new Promise((resolve) => bench.once('exit', (code) => resolve(code ?? 1)))
} finally {
  runtime.kill('SIGTERM')
}

/** The line on which the runtime says where it listens. */
async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('The runtime did not start; its message is above.')
}
