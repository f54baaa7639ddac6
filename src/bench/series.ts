import type { LatencyHistogram } from './latency-histogram.ts'

export interface BenchStatement {
  /** Short and unique, such as `point-lookup`. */
  name: string
  sql: string
}

export type BenchTransport = 'http' | 'flight'

/** One line of the result: a statement over a transport against a target. */
export interface Series {
  target: 'loopback' | 'remote'
  /** True when the target is the local runtime behind an emulated network link. */
  emulated: boolean
  transport: BenchTransport
  statement: string
  /** Rows of one reply. */
  rows: number
  errors: number
  /** The first error's message, if any. */
  error?: string
  latencies: LatencyHistogram
}

/** The machine-readable form of a series; latencies in microseconds. */
export interface SeriesReport {
  target: 'loopback' | 'remote'
  emulated: boolean
  transport: BenchTransport
  statement: string
  rows: number
  count: number
  errors: number
  error?: string
  p50Us: number
  p90Us: number
  p99Us: number
  maxUs: number
}

export function reportSeries(series: Series): SeriesReport {
  const { target, emulated, transport, statement, rows, errors, error, latencies } = series
  return {
    target,
    emulated,
    transport,
    statement,
    rows,
    count: latencies.count,
    errors,
    ...(error === undefined ? {} : { error }),
    p50Us: latencies.percentileUs(50),
    p90Us: latencies.percentileUs(90),
    p99Us: latencies.percentileUs(99),
    maxUs: latencies.maxUs,
  }
}
