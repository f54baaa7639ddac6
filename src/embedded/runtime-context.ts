import type { Authenticator } from './authenticator.ts'
import type { Contract } from './contract.ts'
import type { Datasets } from './datasets.ts'
import type { Engine } from './engine/engine.ts'
import type { Metrics } from './metrics.ts'
import type { ResultsCache } from './results-cache.ts'
import type { LoadedSpicepod } from './spicepod/read-spicepod.ts'

/** Everything the listeners of one runtime share. */
export interface RuntimeContext {
  readonly engine: Engine
  readonly datasets: Datasets
  readonly authenticator: Authenticator
  readonly resultsCache: ResultsCache
  readonly contract: Contract
  readonly metrics: Metrics
  readonly spicepod: LoadedSpicepod
  /** The listeners by name, as `/v1/status` lists them; filled in while the runtime starts. */
  readonly addresses: { http: string | null; flight: string | null; metrics: string | null }
  /** True once shutting down began: nothing new may start. */
  readonly shuttingDown: AbortSignal
}

/** A listener that is accepting connections. */
export interface Listener {
  /** `127.0.0.1:50051` or `[::1]:50051`, with the real port. */
  readonly address: string
  /**
   * Stops accepting at once, lets what runs end, and cuts what is left after `deadlineMs`.
   * Resolves when every connection is closed. Never throws.
   */
  close(deadlineMs: number): Promise<void>
}

/** `127.0.0.1:0` or `[::1]:0` taken apart; port 0 lets the system choose. */
export interface BindAddress {
  readonly host: string
  readonly port: number
}
