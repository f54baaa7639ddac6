import { type BenchEnvironment, describeRemote } from './environment.ts'
import type { SeriesReport } from './series.ts'

/** Columns that hold words stand left, those that hold figures right. */
const COLUMNS = [
  { title: 'statement', left: true },
  { title: 'transport', left: true },
  { title: 'target', left: true },
  { title: 'rows' },
  { title: 'count' },
  { title: 'errors' },
  { title: 'p50' },
  { title: 'p90' },
  { title: 'p99' },
  { title: 'max' },
  { title: '', left: true },
]

/** The table at the end of a run: a line per series, remote ones with their ratio to loopback. */
export function textReport(environment: BenchEnvironment, series: readonly SeriesReport[]): string {
  const lines = series.map((one) => [
    one.statement,
    one.transport,
    one.emulated ? `${one.target} (emulated)` : one.target,
    one.rows.toLocaleString('en'),
    String(one.count),
    String(one.errors),
    ...[one.p50Us, one.p90Us, one.p99Us, one.maxUs].map(formatDuration),
    ratioToLoopback(one, series),
  ])
  const widths = COLUMNS.map(({ title }, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]!.length)),
  )
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        COLUMNS[column]!.left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd()
  const failures = series
    .filter((one) => one.error !== undefined)
    .map((one) => `! ${one.statement} over ${one.transport} (${one.target}): ${one.error}`)
  return [
    format(COLUMNS.map(({ title }) => title)),
    ...lines.map(format),
    '',
    describeRemote(environment),
    ...failures,
  ].join('\n')
}

/** How many times the loopback median a remote median is; empty for loopback itself. */
function ratioToLoopback(one: SeriesReport, series: readonly SeriesReport[]): string {
  const local = series.find(
    (other) =>
      other.target === 'loopback' && other.statement === one.statement && other.transport === one.transport,
  )
  if (one.target !== 'remote' || one.count === 0 || local === undefined || local.count === 0) return ''
  return `${(one.p50Us / local.p50Us).toFixed(1)} x loopback`
}

export function formatDuration(microseconds: number): string {
  if (microseconds >= 1e6) return `${(microseconds / 1e6).toFixed(2)} s`
  if (microseconds >= 1e3) return `${(microseconds / 1e3).toFixed(2)} ms`
  return `${microseconds.toFixed(0)} µs`
}
