export interface PollSubject {
  /** True while an answer is waited for. */
  readonly waiting: boolean
}

/**
 * Keeps the event loop asking its sockets for a while after a request, where it would sleep otherwise: to be
 * woken takes an idle processor longer than a loopback query does. Everything else of the application gets
 * its turns as ever.
 */
export class BusyPoll {
  readonly #ms: number
  readonly #subject: PollSubject
  readonly #poll = () => this.#again()
  #until = 0
  #polling = false

  /** @param ms how long after a request; 0 for never */
  constructor(ms: number, subject: PollSubject) {
    this.#ms = ms
    this.#subject = subject
  }

  /** A request has been sent, at `now` in `performance.now()` milliseconds. */
  requested(now: number): void {
    if (this.#ms === 0) return
    this.#until = now + this.#ms
    if (this.#polling) return
    this.#polling = true
    setImmediate(this.#poll)
  }

  #again(): void {
    // With an immediate pending, the loop looks at its sockets without waiting for them.
    this.#polling = this.#subject.waiting && performance.now() < this.#until
    if (this.#polling) setImmediate(this.#poll)
  }
}
