import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CaseName, ServerAddress } from './cases.ts'
import type { Measurement } from './measure.ts'
import type { WorkerReply, WorkerRequest } from './worker.ts'

/** Longest that one measurement may take before its process counts as stuck. */
const MEASUREMENT_DEADLINE_MS = 60_000

/** A client in its own process, so that CPU figures are its own. */
export class Worker {
  readonly #child: ChildProcess

  constructor(client: string, address: ServerAddress) {
    this.#child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), [
      client,
      JSON.stringify(address),
    ])
  }

  async measure(name: CaseName, durationMs: number): Promise<Measurement> {
    this.#child.send({ case: name, durationMs } satisfies WorkerRequest)
    const reply = await message<WorkerReply>(this.#child, MEASUREMENT_DEADLINE_MS)
    if ('error' in reply) throw new Error(reply.error)
    return reply.measurement
  }

  stop(): void {
    this.#child.kill()
  }
}

export interface ReplayServer {
  readonly address: ServerAddress
  /** Cuts every connection as a dying server would; resolves once they are gone. */
  dropConnections(): Promise<void>
  stop(): void
}

export async function startReplayServer(): Promise<ReplayServer> {
  const { child, address } = await startServer<ServerAddress>(new URL('replay-server.ts', import.meta.url))
  return {
    address,
    async dropConnections() {
      child.send('drop connections')
      await message(child, MEASUREMENT_DEADLINE_MS)
    },
    stop: () => child.kill(),
  }
}

/** Starts a server in its own process; its first message is its address. */
export async function startServer<T>(program: URL): Promise<{ child: ChildProcess; address: T }> {
  const child = fork(fileURLToPath(program))
  return { child, address: await message<T>(child, MEASUREMENT_DEADLINE_MS) }
}

/** The next message of a child process; rejects when it exits or stays silent instead. */
async function message<T>(child: ChildProcess, deadlineMs: number): Promise<T> {
  const settled = new AbortController()
  const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(deadlineMs)])
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([value]) => value as T),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`${child.spawnargs.at(-2) ?? 'the process'} exited with code ${code}`)
      }),
    ])
  } finally {
    settled.abort()
  }
}
