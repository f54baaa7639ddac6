/** A timer that fires so late was held up by this process, and so may have been the reading of sockets. */
const HELD_UP_MS = 50

/**
 * Limits the time a peer has for something. Timers run before sockets are read: when the application has kept
 * the event loop busy for long, what the peer said in time lies there unread. The peer then has the time again,
 * once.
 */
export class PatientTimer {
  readonly #ms: number
  readonly #onDue: () => void
  readonly #keepsProcess: boolean
  #timer: NodeJS.Timeout
  #dueAt = 0
  #again = true

  /** @param keepsProcess whether the process stays alive for it */
  constructor(ms: number, onDue: () => void, keepsProcess: boolean) {
    this.#ms = Math.max(1, Math.ceil(ms))
    this.#onDue = onDue
    this.#keepsProcess = keepsProcess
    this.#timer = this.#start()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(): NodeJS.Timeout {
    this.#dueAt = performance.now() + this.#ms
    const timer = setTimeout(() => this.#fire(), this.#ms)
    return this.#keepsProcess ? timer : timer.unref()
  }

  #fire(): void {
    if (this.#again && performance.now() - this.#dueAt > HELD_UP_MS) {
      this.#again = false
      this.#timer = this.#start()
    } else this.#onDue()
  }
}
