import { createHistogram } from 'node:perf_hooks'

/** Latencies in nanoseconds, kept to three significant digits in a high dynamic range histogram. */
export class LatencyHistogram {
  readonly #histogram = createHistogram({ lowest: 1, highest: 3_600_000_000_000, figures: 3 })

  /** Records a latency in milliseconds, as a difference of two `performance.now()` is. */
  record(milliseconds: number): void {
    this.#histogram.record(Math.max(1, Math.round(milliseconds * 1e6)))
  }

  get count(): number {
    return this.#histogram.count
  }

  /** Microseconds below which `percent` of the latencies lie; 0 when nothing was recorded. */
  percentileUs(percent: number): number {
    return this.count === 0 ? 0 : tenths(this.#histogram.percentile(percent) / 1000)
  }

  get maxUs(): number {
    return this.count === 0 ? 0 : tenths(this.#histogram.max / 1000)
  }
}

function tenths(microseconds: number): number {
  return Math.round(microseconds * 10) / 10
}
