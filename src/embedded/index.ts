/**
 * A development stand-in for the Spice runtime: DuckDB behind the runtime's HTTP API and Arrow Flight.
 * Needs the optional peer `@duckdb/node-api`.
 */
import { loadDuckDB } from './engine/duckdb.ts'
import type { EmbeddedRuntime, RuntimeOptions } from './runtime.ts'

export type { ContractName } from './contract.ts'
export type { LoadProgress } from './datasets.ts'
export type { EmbeddedRuntime, RuntimeOptions } from './runtime.ts'
export type { SpicepodDefinition } from './spicepod/definition.ts'

/**
 * Starts a runtime in this process. It listens when the promise resolves and loads its datasets then:
 * wait for `runtime.ready`, and end it with `runtime.close()`.
 * Throws `OptionsError` for a spicepod or an address that cannot be used, `UnsupportedError` without DuckDB.
 */
export async function startRuntime(options: RuntimeOptions = {}): Promise<EmbeddedRuntime> {
  await loadDuckDB()
  const runtime = await import('./runtime.ts')
  return runtime.startRuntime(options)
}
