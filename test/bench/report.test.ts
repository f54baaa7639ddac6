import { expect, test } from 'vitest'
import { type BenchEnvironment, describeMachine } from '../../src/bench/environment.ts'
import { LatencyHistogram } from '../../src/bench/latency-histogram.ts'
import { htmlReport } from '../../src/bench/report-html.ts'
import { formatDuration, textReport } from '../../src/bench/report-text.ts'
import type { SeriesReport } from '../../src/bench/series.ts'

const environment: BenchEnvironment = {
  ...describeMachine(),
  durationMs: 1000,
  concurrency: 1,
  ratePerSecond: null,
  cacheControl: 'no-cache',
  loopback: { http: 'http://127.0.0.1:8090', flight: 'grpc://127.0.0.1:50051' },
  remote: { http: 'http://127.0.0.1:1', flight: null, emulated: true },
  link: { rttMs: 5, jitterMs: 0.5, megabitsPerSecond: 1000 },
}

const local: SeriesReport = {
  target: 'loopback',
  emulated: false,
  transport: 'flight',
  statement: 'select-<1>',
  rows: 1,
  count: 10,
  errors: 0,
  p50Us: 100,
  p90Us: 200,
  p99Us: 1500,
  maxUs: 2_500_000,
}
const remote: SeriesReport = {
  ...local,
  target: 'remote',
  emulated: true,
  p50Us: 5500,
  errors: 1,
  error: 'lost',
}

test('the table says that the remote is emulated, how, and how much slower it is', () => {
  const text = textReport(environment, [local, remote])
  expect(text).toContain('remote (emulated)')
  expect(text).toContain('55.0 x loopback')
  expect(text).toContain('emulated: the same runtime behind a proxy with 5 ms round-trip time')
  expect(text).toContain('! select-<1> over flight (remote): lost')
})

test('the page escapes what it shows and says that the remote is emulated', () => {
  const page = htmlReport(environment, [local, remote])
  expect(page).toContain('select-&#60;1&#62;')
  expect(page).not.toContain('<1>')
  expect(page).toContain('remote (emulated)')
})

test('durations are shown in the unit that suits them', () => {
  expect([100, 1500, 2_500_000].map(formatDuration)).toEqual(['100 µs', '1.50 ms', '2.50 s'])
})

test('percentiles lie within the histogram’s three digits of the recorded latencies', () => {
  const histogram = new LatencyHistogram()
  for (let microseconds = 1; microseconds <= 1000; microseconds++) histogram.record(microseconds / 1000)
  expect(histogram.count).toBe(1000)
  expect(histogram.percentileUs(50)).toBeCloseTo(500, -1)
  expect(Math.abs(histogram.percentileUs(99) - 990)).toBeLessThan(2)
  expect(Math.abs(histogram.maxUs - 1000)).toBeLessThan(2)
})
