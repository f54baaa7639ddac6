import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'
import type { LinkProfile } from './link.ts'

/** Where and how a measurement was taken: what is needed to judge its figures later. */
export interface BenchEnvironment {
  date: string
  node: string
  platform: string
  cpu: string
  cores: number
  memoryGiB: number
  durationMs: number
  concurrency: number
  /** Planned statements per second, or null when each follows the one before it. */
  ratePerSecond: number | null
  /** `Cache-Control` sent with every statement, so that the engine and not its result cache answers. */
  cacheControl: string
  loopback: BenchAddresses
  /** Null when there was no remote. */
  remote: (BenchAddresses & { emulated: boolean }) | null
  /** The network between client and runtime; present when the remote is emulated. */
  link?: LinkProfile
}

export interface BenchAddresses {
  http: string | null
  flight: string | null
}

export function describeMachine(): Pick<
  BenchEnvironment,
  'date' | 'node' | 'platform' | 'cpu' | 'cores' | 'memoryGiB'
> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}

/** One sentence that says what the remote was. */
export function describeRemote({ remote, link }: BenchEnvironment): string {
  if (remote === null) return 'There was no remote to compare with.'
  if (link === undefined) return `The remote is a deployment at ${remote.flight ?? remote.http}.`
  return (
    `The remote is emulated: the same runtime behind a proxy with ${link.rttMs} ms round-trip time, ` +
    `up to ${link.jitterMs} ms of jitter each way and ${link.megabitsPerSecond} Mbit/s.`
  )
}
