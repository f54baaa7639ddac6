import { type BenchEnvironment, describeRemote } from './environment.ts'
import { formatDuration } from './report-text.ts'
import type { SeriesReport } from './series.ts'

/** One self-contained page: no scripts, no external files, readable on paper. */
export function htmlReport(environment: BenchEnvironment, series: readonly SeriesReport[]): string {
  const statements = [...new Set(series.map((one) => one.statement))]
  const { date, node, platform, cpu, cores, memoryGiB, durationMs, concurrency, ratePerSecond } = environment
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loopback latency, ${escapeHtml(date.slice(0, 10))}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid #e3e7ee; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.bar { width: 35%; text-align: left; }
td.bar span { display: inline-block; height: .8em; border-radius: 2px; min-width: 2px; }
.loopback { background: #1f9d76; }
.remote { background: #c0564b; }
footer { margin-top: 2rem; color: #5a6575; font-size: .85rem; }
</style>
</head>
<body>
<h1>Loopback latency against a remote runtime</h1>
<p>${escapeHtml(describeRemote(environment))} Bars show the median on a logarithmic scale.</p>
${statements.map((name) => statementSection(name, series)).join('\n')}
<footer>${escapeHtml(
    `${date} · Node ${node} · ${platform} · ${cpu}, ${cores} cores, ${memoryGiB} GiB · ` +
      `${durationMs / 1000} s measured, ${concurrency} under way at once, ` +
      `${ratePerSecond === null ? 'one after the other' : `${ratePerSecond} per second planned`} · ` +
      `Cache-Control: ${environment.cacheControl}`,
  )}</footer>
</body>
</html>
`
}

function statementSection(statement: string, series: readonly SeriesReport[]): string {
  const own = series.filter((one) => one.statement === statement)
  const scale = Math.log10(Math.max(10, ...series.map((one) => one.p50Us)))
  const rows = own.map((one) => {
    const width = (100 * Math.log10(Math.max(1, one.p50Us))) / scale
    const target = one.emulated ? `${one.target} (emulated)` : one.target
    const figures = [one.p50Us, one.p90Us, one.p99Us, one.maxUs].map(formatDuration)
    return `<tr><td>${escapeHtml(`${one.transport}, ${target}`)}</td>
<td class="bar"><span class="${one.target}" style="width:${width.toFixed(1)}%"></span></td>
${[...figures, one.count, one.errors].map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  return `<h2>${escapeHtml(statement)} · ${(own[0]?.rows ?? 0).toLocaleString('en')} rows</h2>
<table><tr><th></th><th></th><th>p50</th><th>p90</th><th>p99</th><th>max</th><th>count</th><th>errors</th></tr>
${rows.join('\n')}
</table>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
