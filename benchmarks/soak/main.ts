/**
 * `npm run bench:soak`: does anything grow? Many queries on one connection, many reconnects of one
 * client, many clients, and a long stream, each with memory and open resources looked at on the way.
 * Exits with 1 when something grew beyond its bound.
 *
 *   --transport NAME  native (default) or grpc-js
 *   --queries N       default 100000
 *   --reconnects N    default 1000
 *   --gigabytes N     streamed, default 1
 *   --json FILE       writes the report
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ROWS, SQL } from '../client/cases.ts'
import { describeEnvironment } from '../client/environment.ts'
import { startReplayServer } from '../client/workers.ts'
import { type MemorySample, residentMegabytes, sampleMemory } from './memory.ts'

/** Growth that counts as a leak, in MB: after warm-up, from the first fifth of a phase to its end. */
const LIVE_BOUND = 2
const STREAM_BOUND = 64

interface Phase {
  phase: string
  count: number
  seconds: number
  samples: MemorySample[]
  growth: number
  bound: number
  /** Open sockets and timers beyond those before the phase. */
  resourcesLeft: number
  passed: boolean
}

const { values: flags } = parseArgs({
  options: {
    transport: { type: 'string', default: 'native' },
    queries: { type: 'string', default: '100000' },
    reconnects: { type: 'string', default: '1000' },
    gigabytes: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
})

// The package as installed, with the types of its source: the build may not be there at type checking.
const built = new URL('../../dist/index.mjs', import.meta.url).href
const { connect } = (await import(built)) as typeof import('../../src/index.ts')

const server = await startReplayServer()
const open = () =>
  connect({
    flightUrl: `grpc://127.0.0.1:${server.address.port}`,
    server: 'spice',
    transport: 'flight',
    flight: { transport: flags.transport as 'native' | 'grpc-js' },
  })

const phases: Phase[] = []
try {
  const spice = await open()
  await repeat('queries on one connection', Number(flags.queries), () => queryOnce(spice))
  await repeat('connections dropped by the server', Number(flags.reconnects), async () => {
    await server.dropConnections()
    await queryOnce(spice)
  })
  await stream(spice)
  await spice.close()
  await repeat('clients opened and closed', Number(flags.reconnects), async () => {
    const client = await open()
    await queryOnce(client)
    await client.close()
  })
} finally {
  server.stop()
}

if (flags.json) {
  const report = { environment: describeEnvironment(), transport: flags.transport, phases }
  writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`)
}
process.exitCode = phases.every((phase) => phase.passed) ? 0 : 1

type Client = Awaited<ReturnType<typeof open>>

async function queryOnce(spice: Client): Promise<void> {
  const rows = await spice.query(SQL.oneRow)
  if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`)
}

async function repeat(phase: string, count: number, action: () => Promise<void>): Promise<void> {
  const samples: MemorySample[] = []
  const sampleEvery = Math.max(1, Math.floor(count / 10))
  const resources = openResources()
  const start = performance.now()
  for (let done = 1; done <= count; done++) {
    await action()
    if (done % sampleEvery === 0) samples.push(await sampleMemory())
  }
  const settled = samples[Math.min(1, samples.length - 1)]!
  finish(phase, count, start, samples, samples.at(-1)!.live - settled.live, LIVE_BOUND, resources)
}

async function stream(spice: Client): Promise<void> {
  const passes = Math.ceil((Number(flags.gigabytes) * 1e9) / server.address.answerBytes[SQL.stream]!)
  const before = await sampleMemory()
  const samples = [before]
  const resources = openResources()
  const start = performance.now()
  let peak = before.resident
  for (let pass = 0; pass < passes; pass++) {
    let rows = 0
    for await (const batch of spice.query(SQL.stream).batches()) {
      rows += batch.numRows
      peak = Math.max(peak, residentMegabytes())
    }
    if (rows !== ROWS[SQL.stream]) throw new Error(`expected ${ROWS[SQL.stream]} rows, got ${rows}`)
    samples.push({ live: process.memoryUsage().heapUsed / 1e6, resident: residentMegabytes() })
  }
  const gigabytes = (passes * server.address.answerBytes[SQL.stream]!) / 1e9
  finish(
    `${gigabytes.toFixed(1)} GB streamed, peak`,
    passes,
    start,
    samples,
    peak - before.resident,
    STREAM_BOUND,
    resources,
  )
}

function finish(
  phase: string,
  count: number,
  start: number,
  samples: MemorySample[],
  growth: number,
  bound: number,
  resourcesBefore: number,
): void {
  const seconds = (performance.now() - start) / 1000
  const resourcesLeft = Math.max(0, openResources() - resourcesBefore)
  const passed = growth <= bound && resourcesLeft <= 1
  phases.push({ phase, count, seconds, samples, growth, bound, resourcesLeft, passed })
  const last = samples.at(-1)!
  console.log(
    `${passed ? 'ok  ' : 'GREW'} ${phase}: ${count} in ${seconds.toFixed(1)} s, grew ${growth.toFixed(1)} MB ` +
      `(bound ${bound}), live ${last.live.toFixed(1)} MB, resident ${last.resident.toFixed(0)} MB, ` +
      `${resourcesLeft} resources more than before`,
  )
}

/** Sockets and timers that keep the process alive. */
function openResources(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|Pipe|Timeout/.test(kind)).length
}
