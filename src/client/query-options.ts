import type { ValueOptions } from '../arrow/values-options.ts'
import { OptionsError } from '../errors.ts'
import { checkOptions } from '../option-checks.ts'
import { QUERY_FIELDS } from '../options.ts'

/** What one query may be told. What is not given comes from `connect()`. */
export interface QueryOptions {
  /** Ends the query with `AbortError`. */
  signal?: AbortSignal
  /** As in `ConnectOptions.timeoutMs`, for this query. */
  timeoutMs?: number
  /** Which transport carries this query; it has to be one the runtime was found on. */
  transport?: 'flight' | 'http'
  /** `Cache-Control` of this query: `no-cache`, `only-if-cached`, `max-stale=10`, … */
  cache?: string
  /** Sent as HTTP headers or Flight metadata, besides those of `connect()`. Names in lower case. */
  headers?: Readonly<Record<string, string>>
  /**
   * Whether running the statement twice does no harm. Default: judged from its text. `true` lets it be
   * repeated after a lost connection, `false` forbids that.
   */
  idempotent?: boolean
  values?: ValueOptions
}

export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>

export const NO_QUERY_OPTIONS: QueryOptions = Object.freeze({})

/** Throws `OptionsError`. */
export function checkQueryOptions(options: QueryOptions): void {
  if (options === NO_QUERY_OPTIONS) return
  if (typeof options !== 'object' || options === null) {
    throw new OptionsError(
      `query options: an object is allowed, not ${options === null ? 'null' : typeof options}`,
    )
  }
  checkOptions(options, QUERY_FIELDS, 'query option')
}
