import type { CaseName } from './cases.ts'
import type { Environment } from './environment.ts'
import type { Startup } from './startup.ts'

export interface Result {
  case: CaseName
  client: string
  p50Us: number
  p99Us: number
  cpuUsPerQuery: number
  /** Payload over time; null for the cases that are about latency. */
  gbPerSecond: number | null
  queriesPerSecond: number
}

/** One of the project's targets, as this run met or missed it. */
export interface Ratio {
  figure: string
  value: number
  /** The bound, and on which side of it the figure has to be. */
  target: number
  bound: 'at most' | 'at least'
  met: boolean
}

export interface Report {
  environment: Environment
  rounds: number
  results: Result[]
  startup: Startup[]
  ratios: Ratio[]
}

const TITLES: Record<CaseName, string> = {
  'one-row': 'one row, one query at a time',
  k1: '1 000 rows, one query at a time',
  stream: '84 MB in batches of 8 192 rows',
  inflight64: 'one row, 64 queries in flight on one connection',
}

/** The report as Markdown: the form docs/performance.md holds and the terminal shows. */
export function markdown(report: Report): string {
  const { environment } = report
  const lines = [
    `${environment.date}, ${environment.cpu}, ${environment.cores} cores, ${environment.memoryGiB} GiB, ` +
      `${environment.system}, Node ${environment.node}; medians of ${report.rounds} interleaved rounds.`,
  ]
  for (const name of Object.keys(TITLES) as CaseName[]) {
    const results = report.results.filter((result) => result.case === name)
    if (results.length === 0) continue
    const rate = name === 'stream' ? 'GB/s' : 'queries/s'
    lines.push('', ...table([TITLES[name], 'p50 µs', 'p99 µs', 'CPU µs per query', rate], results.map(row)))
  }
  if (report.startup.length > 0) {
    const rows = report.startup.map((startup) => [
      startup.client,
      startup.importCpuMs.toFixed(0),
      startup.importMs.toFixed(0),
      startup.firstRowMs.toFixed(0),
    ])
    lines.push('', ...table(['start', 'import CPU ms', 'import ms', 'first row ms'], rows))
  }
  if (report.ratios.length > 0) {
    const rows = report.ratios.map((ratio) => [
      ratio.figure,
      ratio.value.toFixed(2),
      `${ratio.bound} ${ratio.target.toFixed(2)}`,
      ratio.met ? 'yes' : 'no',
    ])
    lines.push('', ...table(['figure', 'measured', 'target', 'met'], rows))
  }
  return lines.join('\n')
}

function row(result: Result): string[] {
  return [
    result.client,
    result.p50Us.toFixed(0),
    result.p99Us.toFixed(0),
    result.cpuUsPerQuery.toFixed(0),
    result.gbPerSecond === null ? result.queriesPerSecond.toFixed(0) : result.gbPerSecond.toFixed(2),
  ]
}

/** Rows as a Markdown table. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((cells) => cells[column]!.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)]
}
