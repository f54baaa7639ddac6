import { type CaseName, IN_FLIGHT, SQL } from './cases.ts'
import type { BenchClient } from './clients/bench-client.ts'

/** One case on one client in one round. Times are microseconds. */
export interface Measurement {
  queries: number
  elapsedUs: number
  p50Us: number
  p99Us: number
  cpuUsPerQuery: number
}

/** Repeats a case for `durationMs`, one query at a time or 64 in flight. */
export function measure(client: BenchClient, name: CaseName, durationMs: number): Promise<Measurement> {
  return repeat(runnerOf(client, name), {
    durationMs,
    minimum: name === 'stream' ? 2 : IN_FLIGHT,
    inFlight: name === 'inflight64' ? IN_FLIGHT : 1,
  })
}

export interface Repetition {
  durationMs: number
  /** Queries at least, however long they take. */
  minimum: number
  inFlight: number
}

export async function repeat(run: () => Promise<void>, repetition: Repetition): Promise<Measurement> {
  const { durationMs, minimum, inFlight } = repetition
  const latencies: number[] = []
  const cpu = process.cpuUsage()
  const start = performance.now()
  const loop = async () => {
    for (;;) {
      const sent = performance.now()
      await run()
      const done = performance.now()
      latencies.push((done - sent) * 1000)
      if (done - start >= durationMs && latencies.length >= minimum) return
    }
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
  const elapsedUs = (performance.now() - start) * 1000
  const used = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  return {
    queries: latencies.length,
    elapsedUs,
    p50Us: quantile(latencies, 0.5),
    p99Us: quantile(latencies, 0.99),
    cpuUsPerQuery: (used.user + used.system) / latencies.length,
  }
}

function runnerOf(client: BenchClient, name: CaseName): () => Promise<void> {
  switch (name) {
    case 'k1':
      return () => client.query(SQL.thousandRows)
    case 'stream':
      return () => client.stream(SQL.stream)
    default:
      return () => client.query(SQL.oneRow)
  }
}

/** The value at `fraction` of an ascending list, by nearest rank. */
function quantile(ascending: readonly number[], fraction: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * fraction) - 1)]!
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
