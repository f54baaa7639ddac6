/**
 * `npm run bench:client`: the client against its peers, each in its own process, in interleaved rounds,
 * against a server that replays prepared bytes.
 *
 *   --json FILE      writes the report as JSON
 *   --markdown FILE  writes the report as Markdown
 *   --quick          two short rounds
 *   --rounds N       rounds (default 5)
 *   --client TEXT    only clients whose name contains TEXT; may be repeated
 *   --case NAME      only this case; may be repeated
 *   --python PATH    a Python with pyarrow, to measure pyarrow.flight's client as well
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CASES, type CaseName, type ServerAddress } from './cases.ts'
import { CLIENTS } from './clients/index.ts'
import { describeEnvironment } from './environment.ts'
import { measurePyarrow, PYARROW } from './pyarrow.ts'
import { markdown, type Report } from './report.ts'
import { Rounds } from './rounds.ts'
import { measureStartup, type Startup } from './startup.ts'
import { compareWithTargets } from './targets.ts'
import { startReplayServer, Worker } from './workers.ts'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    markdown: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    client: { type: 'string', multiple: true },
    case: { type: 'string', multiple: true },
    python: { type: 'string' },
  },
})

const rounds = flags.rounds ? Number(flags.rounds) : flags.quick ? 2 : 5
const durationMs: Record<CaseName, number> = flags.quick
  ? { 'one-row': 150, k1: 150, stream: 200, inflight64: 200 }
  : { 'one-row': 600, k1: 400, stream: 600, inflight64: 600 }
const WARM_UP_MS = 200

const clients = CLIENTS.filter(
  ({ name }) => !flags.client || flags.client.some((text) => name.includes(text)),
)
const cases = CASES.filter((name) => !flags.case || flags.case.includes(name))

const server = await startReplayServer()
const workers = new Map(clients.map(({ name }) => [name, new Worker(name, server.address)]))
try {
  const measured = await measureRounds(server.address)
  const startup: Startup[] = flags.case ? [] : await measureStartup(server.address, flags.quick ? 3 : 7)
  const report: Report = {
    environment: describeEnvironment(),
    rounds,
    results: measured.medians(),
    startup,
    ratios: compareWithTargets(measured, startup),
  }
  console.log(markdown(report))
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`)
  if (flags.markdown) writeFileSync(flags.markdown, `${markdown(report)}\n`)
} finally {
  for (const worker of workers.values()) worker.stop()
  server.stop()
}

async function measureRounds(address: ServerAddress): Promise<Rounds> {
  const measured = new Rounds(address)
  for (const name of cases) {
    for (let round = -1; round < rounds; round++) {
      for (const client of clients.filter(({ cases }) => cases.includes(name))) {
        const worker = workers.get(client.name)!
        if (round < 0) await worker.measure(name, WARM_UP_MS)
        else measured.add(name, client.name, await worker.measure(name, durationMs[name]))
      }
      if (flags.python && name !== 'inflight64' && round >= 0) {
        measured.add(name, PYARROW, await measurePyarrow(flags.python, address, name, durationMs[name]))
      }
      process.stderr.write('.')
    }
  }
  process.stderr.write('\n')
  return measured
}
