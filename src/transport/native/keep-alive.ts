import { PatientTimer } from './patient-timer.ts'

/** gRPC servers take offence at more PINGs than one in five minutes without traffic of their own. */
const POLITE_INTERVAL_MS = 301_000

export interface KeepAliveOptions {
  pingAfterIdleMs: number
  /** To answer while calls are under way, of which the server may be busy with one. */
  pingTimeoutMs: number
  /** To answer before the connection is used again, when another one costs less than the wait. */
  verifyTimeoutMs: number
}

export interface KeepAliveSubject {
  /** True while calls are under way or the connection is being verified. */
  readonly busy: boolean
  sendPing(number: number): void
  onVerified(): void
  /** No answer came in time. */
  onSilent(afterMs: number): void
}

/**
 * Tells whether the peer is still there: a PING after a time of silence while calls are under way, and one
 * before a connection is used again after a time without calls. One timer, re-armed only when it fires.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions
  readonly #subject: KeepAliveSubject
  #lastReceived = performance.now()
  #timer: PatientTimer | undefined
  #pingNumber = 0
  /** When the PING under way was sent; -1 without one. */
  #pingSentAt = -1
  #unanswered = false
  /** PINGs since the peer last sent anything else. */
  #quietPings = 0
  /** True from `verify` until its PING is answered. */
  verifying = false

  constructor(options: KeepAliveOptions, subject: KeepAliveSubject) {
    this.#options = options
    this.#subject = subject
  }

  received(now: number): void {
    this.#lastReceived = now
  }

  /** The peer sent something else than an answer to a PING. */
  receivedWork(): void {
    this.#quietPings = 0
  }

  isStale(now: number): boolean {
    return now - this.#lastReceived > this.#options.pingAfterIdleMs
  }

  /** Calls are under way: watches for silence. */
  watch(): void {
    this.#timer ??= this.#schedule(this.#options.pingAfterIdleMs)
  }

  /** Sends a PING and says through `onVerified` or `onSilent` how it went. */
  verify(): void {
    if (this.verifying) return
    this.verifying = true
    this.#ping()
  }

  acknowledged(number: number): void {
    if (!this.#unanswered || number !== this.#pingNumber) return
    this.#unanswered = false
    if (this.verifying) {
      this.verifying = false
      this.#subject.onVerified()
    }
  }

  stop(): void {
    this.#timer?.stop()
    this.#timer = undefined
    this.verifying = false
    this.#unanswered = false
  }

  #ping(): void {
    this.#pingSentAt = performance.now()
    this.#unanswered = true
    this.#quietPings++
    this.#subject.sendPing(++this.#pingNumber)
    this.#timer?.stop()
    this.#timer = this.#schedule(this.#answerMs)
  }

  get #answerMs(): number {
    return this.verifying ? this.#options.verifyTimeoutMs : this.#options.pingTimeoutMs
  }

  #schedule(delayMs: number): PatientTimer {
    return new PatientTimer(delayMs, () => this.#onTimer(), false)
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = performance.now()
    if (this.#unanswered) {
      // Bytes that arrived since are a sign of life, though the answer may be queued behind them.
      const since = now - Math.max(this.#pingSentAt, this.#lastReceived)
      const answerMs = this.#answerMs
      if (since >= answerMs - 1) this.#subject.onSilent(answerMs)
      else this.#timer = this.#schedule(answerMs - since)
      return
    }
    if (!this.#subject.busy) return
    const { pingAfterIdleMs } = this.#options
    const allowed = this.#quietPings === 0 ? pingAfterIdleMs : Math.max(pingAfterIdleMs, POLITE_INTERVAL_MS)
    const silence = now - this.#lastReceived
    if (silence >= allowed) this.#ping()
    else this.#timer = this.#schedule(allowed - silence)
  }
}
