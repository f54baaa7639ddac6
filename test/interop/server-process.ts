import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 5_000

/** A path below test/interop. */
export function interopPath(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

export const PYTHON = interopPath('.cache/venv/bin/python')

/**
 * A server in its own process. Its first line of output is JSON with its addresses. It is stopped by
 * SIGTERM; those written for this suite also stop when their standard input closes, so that none outlives
 * a test run that was killed.
 */
export class ServerProcess {
  readonly addresses: Readonly<Record<string, string>>
  readonly #child: ChildProcess

  static async start(command: string, args: readonly string[]): Promise<ServerProcess> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let diagnostics = ''
    child.stderr.on('data', (chunk: Buffer) => {
      diagnostics = `${diagnostics}${chunk}`.slice(-4_000)
    })
    const lines = createInterface({ input: child.stdout })
    const settled = new AbortController()
    const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(START_DEADLINE_MS)])
    try {
      const line = await Promise.race([
        once(lines, 'line', { signal }).then(([text]) => String(text)),
        once(child, 'exit', { signal }).then(([code]) => {
          throw new Error(`${command} ${args.join(' ')} exited with code ${code}: ${diagnostics}`)
        }),
      ])
      return new ServerProcess(child, JSON.parse(line))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    } finally {
      settled.abort()
    }
  }

  private constructor(child: ChildProcess, addresses: Record<string, string>) {
    this.#child = child
    this.addresses = addresses
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.stdin!.end()
    this.#child.kill('SIGTERM')
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS)
    await exited
    clearTimeout(forced)
  }
}
