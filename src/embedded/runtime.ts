import { availableParallelism } from 'node:os'
import { OptionsError } from '../errors.ts'
import { Authenticator } from './authenticator.ts'
import { bindError, parseBindAddress } from './bind-address.ts'
import { CONTRACT_NAMES, CONTRACTS, type ContractName } from './contract.ts'
import { Datasets, type LoadProgress } from './datasets.ts'
import { Engine } from './engine/engine.ts'
import { startFlightServer } from './flight/flight-server.ts'
import { startHttpServer } from './http/http-server.ts'
import { startMetricsServer } from './http/metrics-server.ts'
import { Metrics } from './metrics.ts'
import { ResultsCache } from './results-cache.ts'
import type { Listener, RuntimeContext } from './runtime-context.ts'
import type { SpicepodDefinition } from './spicepod/definition.ts'
import { type LoadedSpicepod, readSpicepod, useSpicepod } from './spicepod/read-spicepod.ts'

export interface RuntimeOptions {
  /**
   * The path of a `spicepod.yaml` or of its directory, or a spicepod as an object, whose relative paths
   * start at the working directory. Default: the working directory's `spicepod.yaml`.
   */
  spicepod?: string | SpicepodDefinition
  /** `IP:PORT` of the HTTP API; port 0 takes a free one. Default `127.0.0.1:8090`. */
  http?: string
  /** `IP:PORT` of Arrow Flight, or false for none. Default `127.0.0.1:50051`. */
  flight?: string | false
  /** `IP:PORT` of the Prometheus metrics. Default: none. */
  metrics?: string
  /** The release of the runtime whose contract is spoken. Default `latest`. */
  emulate?: ContractName
  /** DuckDB worker threads. Default: the processors there are, at most 4. */
  threads?: number
  /**
   * Statements that run at the same time. Each takes one of libuv's threads, of which there are 4 unless
   * the environment variable UV_THREADPOOL_SIZE says otherwise. Default: one less than those, at most 8.
   */
  maxConcurrentQueries?: number
  /** Told of every dataset and view as it is loaded, or fails to. */
  onProgress?: (progress: LoadProgress) => void
  /** Told of what in the spicepod has no effect here. */
  onWarning?: (warning: string) => void
}

export interface EmbeddedRuntime {
  /** `IP:PORT` as it really is, also for port 0. */
  readonly httpAddress: string
  readonly flightAddress: string | null
  readonly metricsAddress: string | null
  /** Resolves once every dataset is loaded; rejects when one cannot be, with a line for each that cannot. */
  readonly ready: Promise<void>
  /** Milliseconds the spicepod allows for closing (`runtime.shutdown_timeout`), or null. */
  readonly shutdownTimeoutMs: number | null
  /**
   * Refuses what is new at once, lets running statements end and cuts off what is left after `deadlineMs`.
   * Further calls wait for the first.
   */
  close(deadlineMs?: number): Promise<void>
}

const DEFAULT_SHUTDOWN_MS = 30_000
const MAX_WAITING_QUERIES = 1_024
const DEFAULT_THREADPOOL_SIZE = 4
const MEBIBYTE = 1024 * 1024

/**
 * Starts a runtime in this process. It listens when the promise resolves and loads its datasets then.
 * Throws `OptionsError` for a spicepod or an address that cannot be used, `UnsupportedError` without DuckDB.
 */
export async function startRuntime(options: RuntimeOptions = {}): Promise<EmbeddedRuntime> {
  const { emulate = 'latest' } = options
  const contract = CONTRACTS[emulate]
  if (!contract) throw new OptionsError(`emulate: "${emulate}" is none of ${CONTRACT_NAMES.join(', ')}`)
  const addresses = {
    http: parseBindAddress('http', options.http ?? '127.0.0.1:8090'),
    flight: options.flight === false ? null : parseBindAddress('flight', options.flight ?? '127.0.0.1:50051'),
    metrics: options.metrics === undefined ? null : parseBindAddress('metrics', options.metrics),
  }
  const spicepod = await loadSpicepod(options.spicepod)
  for (const warning of spicepod.warnings) options.onWarning?.(warning)

  const engine = await openEngine(options, spicepod)
  const runtime = new Runtime(engine, spicepod.spicepod.runtime?.shutdown_timeout ?? null)
  try {
    const context = await createContext(engine, spicepod, contract, runtime.stopping.signal)
    runtime.datasets = context.datasets
    const serve = async (
      name: keyof typeof addresses,
      start: (bind: NonNullable<typeof addresses.http>) => Promise<Listener>,
    ) => {
      const bind = addresses[name]
      if (!bind) return
      const listener = await start(bind).catch((error) => {
        throw bindError(bind, error)
      })
      runtime.listeners[name] = listener
      context.addresses[name] = listener.address
    }
    await serve('http', (bind) => startHttpServer(context, bind))
    await serve('flight', (bind) => startFlightServer(context, bind))
    await serve('metrics', (bind) => startMetricsServer(context.metrics, bind))
    runtime.load(options.onProgress ?? (() => {}))
    return runtime
  } catch (error) {
    await runtime.close(0)
    throw error
  }
}

function loadSpicepod(
  spicepod: RuntimeOptions['spicepod'] = process.cwd(),
): Promise<LoadedSpicepod> | LoadedSpicepod {
  return typeof spicepod === 'string' ? readSpicepod(spicepod) : useSpicepod(spicepod, process.cwd())
}

function openEngine(options: RuntimeOptions, { spicepod }: LoadedSpicepod): Promise<Engine> {
  const query = spicepod.runtime?.query
  const poolSize = Number(process.env.UV_THREADPOOL_SIZE) || DEFAULT_THREADPOOL_SIZE
  return Engine.open({
    threads: options.threads ?? Math.min(availableParallelism(), 4),
    memoryLimit: query?.memory_limit === undefined ? undefined : `${query.memory_limit}B`,
    maxConcurrentQueries:
      options.maxConcurrentQueries ?? query?.max_concurrent_queries ?? Math.max(1, Math.min(8, poolSize - 1)),
    maxWaitingQueries: MAX_WAITING_QUERIES,
    queryTimeoutMs: query?.timeout,
  })
}

async function createContext(
  engine: Engine,
  spicepod: LoadedSpicepod,
  contract: RuntimeContext['contract'],
  shuttingDown: AbortSignal,
): Promise<RuntimeContext> {
  const { runtime } = spicepod.spicepod
  const caching = runtime?.caching?.sql_results
  const resultsCache = new ResultsCache({
    enabled: caching?.enabled ?? true,
    ttlMs: caching?.item_ttl ?? 1_000,
    maxBytes: caching?.max_size ?? 128 * MEBIBYTE,
  })
  engine.onDataChanged = () => resultsCache.clear()
  const metrics = new Metrics()
  metrics.gauge('results_cache_size_bytes', () => resultsCache.size)
  metrics.gauge('results_cache_max_size_bytes', () => resultsCache.options.maxBytes)
  metrics.gauge('query_active_count', () => engine.active.size)
  const apiKey = contract.apiKeys ? runtime?.auth?.['api-key'] : undefined
  return {
    engine,
    datasets: await Datasets.open(engine, spicepod.spicepod, spicepod.directory, engine.onDataChanged),
    authenticator: new Authenticator(apiKey?.enabled ? apiKey.keys : null),
    resultsCache,
    contract,
    metrics,
    spicepod,
    addresses: { http: null, flight: null, metrics: null },
    shuttingDown,
  }
}

class Runtime implements EmbeddedRuntime {
  readonly stopping = new AbortController()
  readonly listeners: { http?: Listener; flight?: Listener; metrics?: Listener } = {}
  readonly shutdownTimeoutMs: number | null
  datasets: Datasets | null = null
  ready: Promise<void> = Promise.resolve()
  private readonly engine: Engine
  private closing: Promise<void> | null = null

  constructor(engine: Engine, shutdownTimeoutMs: number | null) {
    this.engine = engine
    this.shutdownTimeoutMs = shutdownTimeoutMs
  }

  get httpAddress(): string {
    return this.listeners.http!.address
  }

  get flightAddress(): string | null {
    return this.listeners.flight?.address ?? null
  }

  get metricsAddress(): string | null {
    return this.listeners.metrics?.address ?? null
  }

  load(report: (progress: LoadProgress) => void): void {
    this.ready = this.datasets!.load(report)
    // Whoever does not ask for `ready` need not handle its failure.
    this.ready.catch(() => {})
  }

  close(deadlineMs = this.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_MS): Promise<void> {
    this.closing ??= this.shutDown(deadlineMs)
    return this.closing
  }

  /** Listeners stop first, so that a new client is refused; the metrics are there to the end. */
  private async shutDown(deadlineMs: number): Promise<void> {
    this.stopping.abort()
    const { http, flight, metrics } = this.listeners
    await Promise.all([
      http?.close(deadlineMs),
      flight?.close(deadlineMs),
      this.datasets?.close(),
      this.engine.drain(deadlineMs),
    ])
    await metrics?.close(0)
    this.engine.close()
  }
}
