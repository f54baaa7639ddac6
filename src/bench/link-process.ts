import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { SidecarError } from '../errors.ts'
import type { LinkProfile } from './link.ts'

/** A link in a process of its own, so that its work does not count as the client's. */
export interface LinkProcess {
  address: string
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 10_000

/**
 * Starts `spice-sidecar link` in a child process, which ends with this one.
 * Rejects with `SidecarError` when the child does not say where it listens.
 */
export async function startLinkProcess(target: string, profile: LinkProfile): Promise<LinkProcess> {
  const flags = [
    '--rtt',
    profile.rttMs,
    '--jitter',
    profile.jitterMs,
    '--bandwidth',
    profile.megabitsPerSecond,
  ]
  const child = spawn(process.execPath, [process.argv[1]!, 'link', target, ...flags.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lines = createInterface({ input: child.stdout! })
  const line = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_TIMEOUT_MS)
    const settle = (text: string | null) => {
      clearTimeout(timer)
      resolve(text)
    }
    lines.once('line', settle)
    child.once('error', () => settle(null))
    void exited.then(() => settle(null))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    lines.close()
  }
  if (line === null) {
    child.kill('SIGKILL')
    throw new SidecarError('CONNECTION_FAILED', `The emulated link to ${target} did not start.`)
  }
  return { address: JSON.parse(line).address, stop }
}
