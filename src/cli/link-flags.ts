import type { LinkProfile } from '../bench/link.ts'
import { numberFlag } from './arguments.ts'

/** A runtime in another zone of the same region, reached over a gigabit link. */
const DEFAULTS: LinkProfile = { rttMs: 5, jitterMs: 0.5, megabitsPerSecond: 1000 }

export const LINK_FLAGS = {
  rtt: { type: 'string' },
  jitter: { type: 'string' },
  bandwidth: { type: 'string' },
} as const

export const LINK_HELP = `  --rtt MS              round-trip time of the emulated link (default ${DEFAULTS.rttMs})
  --jitter MS           largest extra delay each way (default ${DEFAULTS.jitterMs})
  --bandwidth MBIT      megabits per second each way (default ${DEFAULTS.megabitsPerSecond})`

/** Reads the flags of a link. Throws `OptionsError`. */
export function linkProfile(values: { rtt?: string; jitter?: string; bandwidth?: string }): LinkProfile {
  return {
    rttMs: numberFlag('rtt', values.rtt, { min: 0, max: 60_000 }) ?? DEFAULTS.rttMs,
    jitterMs: numberFlag('jitter', values.jitter, { min: 0, max: 60_000 }) ?? DEFAULTS.jitterMs,
    megabitsPerSecond:
      numberFlag('bandwidth', values.bandwidth, { min: 0.001, max: 1e6 }) ?? DEFAULTS.megabitsPerSecond,
  }
}
