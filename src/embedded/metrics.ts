export type Labels = Readonly<Record<string, string>>

/** Upper bounds of the duration buckets, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

/** Counters, gauges and duration histograms, shown in Prometheus' text format. */
export class Metrics {
  private readonly counters = new Map<string, Map<string, number>>()
  private readonly histograms = new Map<string, Map<string, Histogram>>()
  private readonly gauges = new Map<string, () => number>()

  count(name: string, labels: Labels = {}, amount = 1): void {
    const series = seriesOf(this.counters, name)
    const key = labelText(labels)
    series.set(key, (series.get(key) ?? 0) + amount)
  }

  /** Records how long something took. */
  observe(name: string, seconds: number, labels: Labels = {}): void {
    const series = seriesOf(this.histograms, name)
    const key = labelText(labels)
    let histogram = series.get(key)
    if (!histogram) {
      histogram = { counts: BUCKETS.map(() => 0), sum: 0, count: 0 }
      series.set(key, histogram)
    }
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound)
    if (bucket >= 0) histogram.counts[bucket]++
    histogram.sum += seconds
    histogram.count++
  }

  /** Reads a value whenever the metrics are asked for. */
  gauge(name: string, read: () => number): void {
    this.gauges.set(name, read)
  }

  toText(): string {
    const lines: string[] = []
    for (const [name, series] of this.counters) {
      lines.push(`# TYPE ${name} counter`)
      for (const [labels, value] of series) lines.push(`${name}${braced(labels)} ${value}`)
    }
    for (const [name, read] of this.gauges) lines.push(`# TYPE ${name} gauge`, `${name} ${read()}`)
    for (const [name, series] of this.histograms) {
      lines.push(`# TYPE ${name} histogram`)
      for (const [labels, histogram] of series) lines.push(...histogramLines(name, labels, histogram))
    }
    return `${lines.join('\n')}\n`
  }
}

function histogramLines(name: string, labels: string, { counts, sum, count }: Histogram): string[] {
  let below = 0
  const bucket = (bound: string, value: number) =>
    `${name}_bucket${braced([labels, `le="${bound}"`].filter(Boolean).join(','))} ${value}`
  return [
    ...BUCKETS.map((bound, index) => {
      below += counts[index]
      return bucket(String(bound), below)
    }),
    bucket('+Inf', count),
    `${name}_sum${braced(labels)} ${sum}`,
    `${name}_count${braced(labels)} ${count}`,
  ]
}

function seriesOf<Value>(all: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  let series = all.get(name)
  if (!series) {
    series = new Map()
    all.set(name, series)
  }
  return series
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(
      ([name, value]) =>
        `${name}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`,
    )
    .join(',')
}

function braced(labels: string): string {
  return labels ? `{${labels}}` : ''
}
