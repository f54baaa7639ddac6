import { QueryError, type SidecarError } from '../errors.ts'

/** What is known about a failed attempt when it is to be decided whether another may follow. */
export interface FailedAttempt {
  error: SidecarError
  /** 1 for the first. */
  attempt: number
  /** Whether any batch reached the consumer: what it has seen cannot be taken back. */
  delivered: boolean
  /** Whether running the statement again does no harm; asked only when that decides. */
  repeatable(): boolean
}

/** First pause; each further one doubles, up to a second. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Milliseconds to wait before the next attempt, or null when there must be none. A statement runs again
 * only if the runtime provably never began it, or if repeating it is harmless and, before anything was
 * delivered, the connection was lost or the runtime said that the failure is a passing one. Any other answer
 * from the runtime, a deadline and an abort are final.
 * @param random 0 to 1: pauses are spread so that many clients do not come back at the same moment
 */
export function retryDelay(failed: FailedAttempt, retries: number, random = Math.random()): number | null {
  const { error, attempt, delivered } = failed
  if (delivered || attempt > retries) return null
  const { code } = error
  if (code === 'CLOSED' || code === 'TIMEOUT' || code === 'ABORTED') return null
  const lost = code === 'CONNECTION_LOST' || code === 'CONNECTION_FAILED'
  const passing = lost || (error instanceof QueryError && error.transient)
  if (!error.unprocessed && !(passing && failed.repeatable())) return null
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
  return pause * (0.5 + random / 2)
}
