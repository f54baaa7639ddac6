/** What ends when a signal fires. */
export interface Abortable {
  abort(reason: unknown): void
}

/** Everything that waits for one signal, behind one listener: many calls may share a signal. */
class SignalWatch {
  readonly members = new Set<Abortable>()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.stop()
    for (const member of [...this.members]) member.abort(this.#signal.reason)
  }

  stop(): void {
    this.#signal.removeEventListener('abort', this)
    watches.delete(this.#signal)
  }
}

const watches = new WeakMap<AbortSignal, SignalWatch>()

/** Tells `member` when `signal` fires. Node warns of a leak when each of many calls listens by itself. */
export function watchAbort(signal: AbortSignal, member: Abortable): void {
  let watch = watches.get(signal)
  if (watch === undefined) {
    watch = new SignalWatch(signal)
    watches.set(signal, watch)
  }
  watch.members.add(member)
}

export function unwatchAbort(signal: AbortSignal, member: Abortable): void {
  const watch = watches.get(signal)
  if (watch?.members.delete(member) && watch.members.size === 0) watch.stop()
}
