export interface Expiring {
  /** In `performance.now()` milliseconds; Infinity without one. */
  readonly deadline: number
  expire(): void
}

/**
 * One timer for the deadlines of all calls. It is set for the earliest and, when it fires, looks for the
 * next: calls that end in time, which is nearly all, never touch a timer.
 */
export class DeadlineTimer<T extends Expiring> {
  readonly #members: Iterable<T>
  #timer: NodeJS.Timeout | undefined
  #firesAt = Number.POSITIVE_INFINITY

  constructor(members: Iterable<T>) {
    this.#members = members
  }

  /** Call for each new member with a deadline. */
  watch(deadline: number, now: number): void {
    if (deadline >= this.#firesAt) return
    this.#set(deadline, now)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#firesAt = Number.POSITIVE_INFINITY
  }

  #set(deadline: number, now: number): void {
    clearTimeout(this.#timer)
    this.#firesAt = deadline
    // A connection with calls keeps the process alive; this timer alone does not.
    const delay = Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(deadline - now)))
    this.#timer = setTimeout(() => this.#sweep(), delay).unref()
  }

  #sweep(): void {
    this.stop()
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const member of [...this.#members]) {
      if (member.deadline <= now) member.expire()
      else next = Math.min(next, member.deadline)
    }
    if (next < this.#firesAt) this.#set(next, performance.now())
  }
}
