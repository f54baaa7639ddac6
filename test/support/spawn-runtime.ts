import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { SpicepodDefinition } from '../../src/embedded/index.ts'

export interface SpawnOptions {
  /** A path, or a spicepod as an object, which is written to a folder that goes with the process. */
  spicepod?: string | SpicepodDefinition
  /** Contents of files in that folder, by name; the spicepod's paths may be relative to it. */
  files?: Readonly<Record<string, string>>
  /** Further arguments of `serve`. */
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Resolve as soon as it listens, before its datasets are loaded. */
  waitUntilReady?: boolean
}

export interface ActiveStatement {
  query_id: string
  protocol: string
  sql_preview: string
}

export interface SpawnedRuntime {
  /** `http://127.0.0.1:PORT` */
  readonly httpUrl: string
  /** `127.0.0.1:PORT` of each listener. */
  readonly http: string
  readonly flight: string
  readonly metrics: string | null
  readonly process: ChildProcess
  /** Everything written to stderr so far. */
  stderr(): string
  /** The statements that run or wait. */
  active(): Promise<ActiveStatement[]>
  /** Resolves once so many statements run or wait. */
  untilActive(count: number): Promise<void>
  /** Asks it to end with SIGTERM, kills it after five seconds, and gives the exit code. */
  stop(): Promise<number | null>
}

const CLI = resolve(import.meta.dirname, '../../dist/cli.mjs')
const STOP_MS = 5_000
const READY_MS = 30_000
const ACTIVE_MS = 10_000

/** Files of vega-datasets, the real data of the tests. */
export function dataFile(name: string): string {
  return resolve(import.meta.dirname, '../../node_modules/vega-datasets/data', name)
}

/** Starts `spice-sidecar serve` of the build in `dist` on free ports, as a process of its own. */
export async function spawnRuntime(options: SpawnOptions = {}): Promise<SpawnedRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'spice-sidecar-test-'))
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await writeFile(join(directory, name), content)
  }
  const path = await spicepodFile(options.spicepod ?? {}, directory)
  const child = spawn(
    process.execPath,
    [CLI, 'serve', path, '--http', '127.0.0.1:0', '--flight', '127.0.0.1:0', ...(options.args ?? [])],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  )
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exited = once(child, 'exit').then(async ([code]) => {
    await rm(directory, { recursive: true, force: true })
    return code as number | null
  })
  const lines = createInterface({ input: child.stdout! })
  const listening = await Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(line as string) as Listening),
    exited.then((code) => {
      throw new Error(`the runtime ended with ${code} before it listened: ${stderr}`)
    }),
  ])
  const runtime: SpawnedRuntime = {
    ...listening,
    httpUrl: `http://${listening.http}`,
    process: child,
    stderr: () => stderr,
    async active() {
      const response = await fetch(`http://${listening.http}/v1/sql/active`)
      const { queries } = (await response.json()) as { queries: ActiveStatement[] }
      return queries
    },
    async untilActive(count) {
      const deadline = Date.now() + ACTIVE_MS
      for (let active = await this.active(); active.length !== count; active = await this.active()) {
        if (Date.now() > deadline) throw new Error(`${active.length} statements are active, not ${count}`)
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      const code = await exited
      clearTimeout(timer)
      return code
    },
  }
  if (options.waitUntilReady ?? true) {
    await untilReady(runtime).catch(async (error) => {
      await runtime.stop()
      throw error
    })
  }
  return runtime
}

interface Listening {
  http: string
  flight: string
  metrics: string | null
}

async function spicepodFile(spicepod: string | SpicepodDefinition, directory: string): Promise<string> {
  if (typeof spicepod === 'string') return spicepod
  const path = join(directory, 'spicepod.yaml')
  // JSON is YAML.
  await writeFile(path, JSON.stringify(spicepod))
  return path
}

async function untilReady(runtime: SpawnedRuntime): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const response = await fetch(`${runtime.httpUrl}/v1/ready`)
    await response.text()
    if (response.ok) return
    if (Date.now() > deadline) throw new Error(`the runtime is not ready: ${runtime.stderr()}`)
    await new Promise((wait) => setTimeout(wait, 20))
  }
}
