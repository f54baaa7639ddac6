import { expect, test } from 'vitest'
import { type BenchProgress, type BenchTarget, runBenchmark } from '../../src/bench/run.ts'
import { type BenchStatement, reportSeries } from '../../src/bench/series.ts'

const statements: BenchStatement[] = [
  { name: 'one', sql: 'SELECT 1' },
  { name: 'two', sql: 'SELECT 2' },
]

function target(name: 'loopback' | 'remote', run: BenchTarget['run']): BenchTarget {
  return { name, emulated: name === 'remote', transports: ['http', 'flight'], run }
}

const plan = { statements, durationMs: 40, concurrency: 1, signal: new AbortController().signal }

test('every statement is measured over every transport against every target', async () => {
  const order: string[] = []
  const run = (name: string) => async (statement: BenchStatement, transport: string) => {
    order.push(`${name} ${transport} ${statement.name}`)
    return 7
  }
  const progress: BenchProgress[] = []
  const series = await runBenchmark({
    ...plan,
    targets: [target('loopback', run('loopback')), target('remote', run('remote'))],
    onProgress: (step) => progress.push(step),
  })
  expect(new Set(order).size).toBe(8)
  expect(series).toHaveLength(8)
  for (const one of series.map(reportSeries)) {
    expect(one).toMatchObject({ rows: 7, errors: 0, emulated: one.target === 'remote' })
    expect(one.count).toBeGreaterThan(0)
    expect(one.p50Us).toBeLessThanOrEqual(one.p90Us)
    expect(one.p90Us).toBeLessThanOrEqual(one.p99Us)
    expect(one.p99Us).toBeLessThanOrEqual(one.maxUs * 1.001)
  }
  // Interleaved: the last series is visited before the first one is visited for the last time.
  const measured = progress.filter(({ phase }) => phase === 'measuring').map((step) => step.series)
  expect(measured.lastIndexOf(measured[0]!)).toBeGreaterThan(measured.indexOf(measured[7]!))
})

test('failures are counted with the first message, and a statement that never works is given up', async () => {
  let calls = 0
  const series = await runBenchmark({
    ...plan,
    durationMs: 60_000,
    statements: [statements[0]!],
    targets: [
      {
        ...target('loopback', async () => {
          throw new Error(`no table ${++calls}`)
        }),
        transports: ['flight'],
      },
    ],
  })
  const [report] = series.map(reportSeries)
  expect(report).toMatchObject({ count: 0, error: 'no table 1', p50Us: 0, maxUs: 0 })
  expect(report!.errors).toBe(calls)
  expect(calls).toBeLessThan(50)
})

test('with a planned rate, time spent waiting behind a slow statement counts', async () => {
  let first = true
  const series = await runBenchmark({
    ...plan,
    statements: [statements[0]!],
    durationMs: 1000,
    rate: 1000,
    targets: [
      {
        ...target('loopback', async () => {
          // The warm-up's first call is not measured; the second one stalls those planned behind it.
          if (!first) await new Promise((resolve) => setTimeout(resolve, 20))
          first = false
          return 1
        }),
        transports: ['flight'],
      },
    ],
  })
  const report = reportSeries(series[0]!)
  expect(report.count).toBeGreaterThan(1)
  expect(report.maxUs).toBeGreaterThanOrEqual(2 * 20_000 - 1000 - 1000)
})

test('an abort ends the benchmark', async () => {
  const controller = new AbortController()
  const running = runBenchmark({
    ...plan,
    durationMs: 60_000,
    signal: controller.signal,
    targets: [
      target('loopback', async () => {
        setImmediate(() => controller.abort(new Error('enough')))
        await new Promise((resolve) => setImmediate(resolve))
        return 1
      }),
    ],
  })
  await expect(running).rejects.toThrow('enough')
})
