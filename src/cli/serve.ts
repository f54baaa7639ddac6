import { CONTRACT_NAMES } from '../embedded/contract.ts'
import { type EmbeddedRuntime, type RuntimeOptions, startRuntime } from '../embedded/index.ts'
import { OptionsError } from '../errors.ts'
import { choiceFlag, numberFlag, parseCommand } from './arguments.ts'

const HELP = `Usage: spice-sidecar serve [PATH] [options]

Starts a development stand-in for the Spice runtime in this process: DuckDB behind the runtime's HTTP API
and Arrow Flight, with the datasets of a spicepod. PATH is a spicepod.yaml or its directory (default: the
working directory).

  --http IP:PORT            HTTP API (default 127.0.0.1:8090; port 0 takes a free one)
  --flight IP:PORT          Arrow Flight (default 127.0.0.1:50051)
  --metrics IP:PORT         Prometheus metrics (default: none)
  --emulate RELEASE         speak the contract of ${CONTRACT_NAMES.join(', ')} (default latest)
  --threads N               DuckDB worker threads (default: processors, at most 4)
  --shutdown-timeout SECS   how long running statements may go on after SIGTERM (default 30)
  -h, --help                this text

Prints one line of JSON once it listens, with the addresses as they really are:
  {"event":"listening","http":"127.0.0.1:8090","flight":"127.0.0.1:50051","metrics":null,"pid":4711}
Everything else it says goes to stderr. SIGTERM or SIGINT drains and ends it; a second one ends it at once.

Example:
  spice-sidecar serve ./spicepod.yaml --http 127.0.0.1:0 --flight 127.0.0.1:0
`

const FLAGS = {
  http: { type: 'string' },
  flight: { type: 'string' },
  metrics: { type: 'string' },
  emulate: { type: 'string' },
  threads: { type: 'string' },
  'shutdown-timeout': { type: 'string' },
} as const

/** Statements run on libuv's threads, which must be set before the first one starts. */
const THREADPOOL_SIZE = '16'

/** The `serve` command: runs a runtime until it is told to end. */
export async function serve(argv: string[]): Promise<number> {
  process.env.UV_THREADPOOL_SIZE ??= THREADPOOL_SIZE
  // grpc-js would add lines of its own to the one that says what is wrong.
  process.env.GRPC_VERBOSITY ??= 'NONE'
  const { values, positionals } = parseCommand('serve', argv, FLAGS)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length > 1) {
    throw new OptionsError(`serve takes one PATH at most, not ${positionals.join(' ')}.`)
  }
  const shutdownSeconds = numberFlag('shutdown-timeout', values['shutdown-timeout'], { min: 0, max: 86_400 })
  const options: RuntimeOptions = {
    spicepod: positionals[0],
    http: values.http,
    flight: values.flight,
    metrics: values.metrics,
    emulate: values.emulate === undefined ? undefined : choiceFlag('emulate', values.emulate, CONTRACT_NAMES),
    threads: numberFlag('threads', values.threads, { min: 1, max: 256, integer: true }),
  }
  return run(options, shutdownSeconds === undefined ? null : shutdownSeconds * 1000)
}

async function run(options: RuntimeOptions, shutdownMs: number | null): Promise<number> {
  const started = performance.now()
  const runtime = await startRuntime({
    ...options,
    onWarning: (warning) => say(`warning: ${warning}`),
    onProgress: ({ name, rows, seconds, error }) => {
      const loaded = rows === null ? 'reads its source' : `${rows.toLocaleString('en-US')} rows`
      say(
        error === null
          ? `${name}: ${loaded} (${seconds.toFixed(2)} s)`
          : `${name}: cannot be loaded: ${error}`,
      )
    },
  })
  const stopped = stopOnSignal(runtime, shutdownMs)
  const { httpAddress: http, flightAddress: flight, metricsAddress: metrics } = runtime
  process.stdout.write(`${JSON.stringify({ event: 'listening', http, flight, metrics, pid: process.pid })}\n`)
  runtime.ready.then(
    () => say(`ready after ${((performance.now() - started) / 1_000).toFixed(2)} s`),
    () => say('not ready: see the messages above'),
  )
  return stopped
}

function stopOnSignal(runtime: EmbeddedRuntime, shutdownMs: number | null): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) {
        // process.exit() would wait for the statements that run; without a handler the signal kills.
        unlisten()
        process.kill(process.pid, signal)
        return
      }
      stopping = true
      const deadlineMs = shutdownMs ?? runtime.shutdownTimeoutMs ?? 30_000
      say(`Shutdown initiated; waiting up to ${deadlineMs / 1_000} s for statements to end`)
      runtime.close(deadlineMs).then(() => {
        unlisten()
        say('Goodbye!')
        resolve(0)
      })
    }
    const unlisten = () => {
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
