import { LatencyHistogram } from './latency-histogram.ts'
import type { BenchStatement, BenchTransport, Series } from './series.ts'

/** What the load generator needs of a client: run a statement to its last row, say how many there were. */
export interface BenchTarget {
  name: 'loopback' | 'remote'
  emulated: boolean
  /** The transports this target answers on. */
  transports: readonly BenchTransport[]
  run(statement: BenchStatement, transport: BenchTransport, signal: AbortSignal): Promise<number>
}

export interface BenchPlan {
  targets: readonly BenchTarget[]
  statements: readonly BenchStatement[]
  /** Milliseconds of measuring, warm-up not counted. Every series is measured at least once all the same. */
  durationMs: number
  /** Statements under way at once within a series. */
  concurrency: number
  /** Planned statements per second; latency then counts from the planned time. Absent: one after the other. */
  rate?: number
  signal: AbortSignal
  onProgress?(progress: BenchProgress): void
}

export interface BenchProgress {
  phase: 'warming up' | 'measuring'
  /** Slices done and planned. */
  done: number
  total: number
  series: Series
}

/** Visits to each series: what disturbs the machine for a moment then disturbs all series alike. */
const ROUNDS = 5
/** Errors after which a series is given up: a statement that cannot work should not eat the time. */
const MAX_ERRORS = 20

/**
 * Measures every statement over every transport against every target, interleaved in rounds.
 * Rejects only when the signal fires; failed statements are counted in their series.
 */
export async function runBenchmark(plan: BenchPlan): Promise<Series[]> {
  const lanes = plan.statements.flatMap((statement) =>
    plan.targets.flatMap((target) =>
      target.transports.map((transport) => newLane(target, transport, statement)),
    ),
  )
  const share = plan.durationMs / Math.max(1, lanes.length)
  for (const [index, lane] of lanes.entries()) {
    plan.onProgress?.({ phase: 'warming up', done: index, total: lanes.length, series: lane.series })
    await warmUp(lane, share, plan.signal)
  }
  const total = lanes.length * ROUNDS
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, lane] of lanes.entries()) {
      plan.onProgress?.({
        phase: 'measuring',
        done: round * lanes.length + index,
        total,
        series: lane.series,
      })
      // A series of long statements that has had its share sits out the later rounds.
      const left = (share * (round + 1)) / ROUNDS - lane.spentMs
      if (left <= 0) continue
      await measure(lane, left, plan)
    }
  }
  return lanes.map((lane) => lane.series)
}

interface Lane {
  target: BenchTarget
  statement: BenchStatement
  series: Series
  spentMs: number
}

function newLane(target: BenchTarget, transport: BenchTransport, statement: BenchStatement): Lane {
  const { name, emulated } = target
  const latencies = new LatencyHistogram()
  return {
    target,
    statement,
    series: { target: name, emulated, transport, statement: statement.name, rows: 0, errors: 0, latencies },
    spentMs: 0,
  }
}

/** Runs the statement until it is warm, or once where one run takes more than a series' whole share. */
async function warmUp(lane: Lane, share: number, signal: AbortSignal): Promise<void> {
  const start = performance.now()
  do {
    const from = performance.now()
    const succeeded = await runOnce(lane, signal)
    const took = performance.now() - from
    // So long a statement gains nothing from a second, warm run: this one counts.
    if (succeeded && took >= share) {
      lane.series.latencies.record(took)
      lane.spentMs = took
    }
  } while (performance.now() - start < Math.min(200, share / 4) && lane.series.errors === 0)
  signal.throwIfAborted()
}

/** Runs the statement and returns whether it succeeded. */
async function runOnce(lane: Lane, signal: AbortSignal): Promise<boolean> {
  try {
    lane.series.rows = await lane.target.run(lane.statement, lane.series.transport, signal)
    return true
  } catch (error) {
    lane.series.errors++
    lane.series.error ??= error instanceof Error ? error.message : String(error)
    return false
  }
}

async function measure(lane: Lane, milliseconds: number, plan: BenchPlan): Promise<void> {
  const start = performance.now()
  const until = start + milliseconds
  const interval = plan.rate === undefined ? 0 : 1000 / plan.rate
  let planned = start
  const worker = async () => {
    while (lane.series.errors < MAX_ERRORS && !plan.signal.aborted) {
      let from = performance.now()
      if (interval > 0) {
        from = planned
        planned += interval
        const wait = from - performance.now()
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        // A timer may fire early: then the statement starts before its plan, and its latency with it.
        from = Math.min(from, performance.now())
      }
      if (await runOnce(lane, plan.signal)) lane.series.latencies.record(performance.now() - from)
      if (performance.now() >= until) break
    }
  }
  await Promise.all(Array.from({ length: plan.concurrency }, worker))
  lane.spentMs += performance.now() - start
  plan.signal.throwIfAborted()
}
