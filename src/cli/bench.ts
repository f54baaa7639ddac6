import { writeFile } from 'node:fs/promises'
import { type BenchEnvironment, describeMachine } from '../bench/environment.ts'
import { startLinkProcess } from '../bench/link-process.ts'
import { htmlReport } from '../bench/report-html.ts'
import { textReport } from '../bench/report-text.ts'
import { runBenchmark } from '../bench/run.ts'
import { reportSeries, type SeriesReport } from '../bench/series.ts'
import { chooseStatements } from '../bench/statements.ts'
import { CACHE_CONTROL, clientTarget, targetAddresses } from '../bench/target.ts'
import { connect } from '../client/connect.ts'
import { OptionsError } from '../errors.ts'
import type { ConnectOptions } from '../options.ts'
import {
  CONNECTION_FLAGS,
  CONNECTION_HELP,
  choiceFlag,
  connectionOptions,
  interruptSignal,
  numberFlag,
  parseCommand,
} from './arguments.ts'
import { LINK_FLAGS, LINK_HELP, linkProfile } from './link-flags.ts'
import { progressLine } from './progress-line.ts'

const HELP = `Usage: spice-sidecar bench [options]

Runs the same statements over HTTP and over Flight against the runtime on this machine and against a
remote one, in turns, and compares the latencies. Without a remote address the remote is the local
runtime behind an emulated network link, and every output says so.

  --remote-http URL     a real remote deployment's HTTP address
  --remote-flight URL   its Flight address
  --remote-api-key KEY  its key; SPICE_REMOTE_API_KEY is better
  --no-remote           measure loopback alone
  --sql [NAME=]SQL      a statement to measure; repeat for more (default: SELECT 1, and the first dataset)
  --transport T         http, flight or both (default both)
  --duration S          seconds of measuring (default 20)
  --concurrency N       statements under way at once (default 1)
  --rate N              statements planned per second: latency counts from the planned time
  --json FILE           write the figures as JSON; - for standard output
  --html FILE           write a page with the figures
${LINK_HELP}
${CONNECTION_HELP}
`

const FLAGS = {
  ...CONNECTION_FLAGS,
  ...LINK_FLAGS,
  'remote-http': { type: 'string' },
  'remote-flight': { type: 'string' },
  'remote-api-key': { type: 'string' },
  'no-remote': { type: 'boolean' },
  sql: { type: 'string', multiple: true },
  transport: { type: 'string', default: 'both' },
  duration: { type: 'string' },
  concurrency: { type: 'string' },
  rate: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
} as const

/** The `bench` command. */
export async function bench(argv: string[]): Promise<number> {
  const { values, positionals } = parseCommand('bench', argv, FLAGS)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length > 0) {
    throw new OptionsError(`bench takes no ${JSON.stringify(positionals[0])}; statements go after --sql.`)
  }
  const link = linkProfile(values)
  const durationMs = 1000 * (numberFlag('duration', values.duration, { min: 0.1, max: 86_400 }) ?? 20)
  const concurrency = numberFlag('concurrency', values.concurrency, { min: 1, max: 1024, integer: true }) ?? 1
  const rate = numberFlag('rate', values.rate, { min: 0.01, max: 1e6 })
  const transport = choiceFlag('transport', values.transport, ['http', 'flight', 'both'])
  const remoteOptions = {
    httpUrl: values['remote-http'],
    flightUrl: values['remote-flight'],
    apiKey: values['remote-api-key'] ?? process.env.SPICE_REMOTE_API_KEY,
    allowInsecure: values['allow-insecure'],
  }

  const { signal, done } = interruptSignal()
  const cleanups: Array<() => unknown> = [done]
  try {
    const open = async (options: ConnectOptions) => {
      const client = await connect({ ...options, signal })
      cleanups.push(() => client.close())
      return client
    }
    const local = await open(connectionOptions(values))
    const loopback = targetAddresses(local)
    const statements = await chooseStatements(local, values.sql ?? [])
    const targets = [clientTarget('loopback', false, local, transport)]
    let remote: BenchEnvironment['remote'] = null
    if (remoteOptions.httpUrl !== undefined || remoteOptions.flightUrl !== undefined) {
      const client = await open(remoteOptions)
      targets.push(clientTarget('remote', false, client, transport))
      remote = { ...targetAddresses(client), emulated: false }
    } else if (!values['no-remote']) {
      const behindLink = async (url: string | null) => {
        if (url === null) return undefined
        const { protocol, host } = new URL(url)
        const started = await startLinkProcess(host, link)
        cleanups.push(() => started.stop())
        return `${protocol}//${started.address}`
      }
      const httpUrl = await behindLink(loopback.http)
      const flightUrl = await behindLink(loopback.flight)
      const client = await open({ ...connectionOptions(values), httpUrl, flightUrl })
      targets.push(clientTarget('remote', true, client, transport))
      remote = { ...targetAddresses(client), emulated: true }
    }
    const progress = progressLine(process.stderr)
    cleanups.push(() => progress.clear())
    const series = await runBenchmark({
      targets,
      statements,
      durationMs,
      concurrency,
      rate,
      signal,
      onProgress: ({ phase, done, total, series: { statement, transport, target } }) =>
        progress.show(done / total, `${phase}: ${statement} over ${transport}, ${target}`),
    })
    progress.clear()
    const environment: BenchEnvironment = {
      ...describeMachine(),
      durationMs,
      concurrency,
      ratePerSecond: rate ?? null,
      cacheControl: CACHE_CONTROL,
      loopback,
      remote,
      ...(remote?.emulated ? { link } : {}),
    }
    const reports = series.map(reportSeries)
    await writeReports(environment, reports, values)
    // A statement that never worked is a failed benchmark, however well the others went.
    return reports.every(({ count }) => count > 0) ? 0 : 1
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
}

async function writeReports(
  environment: BenchEnvironment,
  series: SeriesReport[],
  files: { json?: string; html?: string },
): Promise<void> {
  const json = `${JSON.stringify({ environment, series }, null, 2)}\n`
  if (files.json === '-') process.stdout.write(json)
  else process.stdout.write(`${textReport(environment, series)}\n`)
  if (files.json !== undefined && files.json !== '-') await writeFile(files.json, json)
  if (files.html !== undefined) await writeFile(files.html, htmlReport(environment, series))
}
