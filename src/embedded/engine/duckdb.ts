import type * as DuckDB from '@duckdb/node-api'
import { UnsupportedError } from '../../errors.ts'

export type DuckDBModule = typeof DuckDB

let loading: Promise<DuckDBModule> | undefined

/**
 * `@duckdb/node-api`, loaded at first need because it is an optional peer of this package.
 * Throws `UnsupportedError` with the command that installs it.
 */
export function loadDuckDB(): Promise<DuckDBModule> {
  loading ??= import('@duckdb/node-api').catch((cause) => {
    loading = undefined
    throw new UnsupportedError(
      'the embedded runtime needs the package @duckdb/node-api, which could not be loaded: npm install @duckdb/node-api',
      { cause },
    )
  })
  return loading
}
