import type { NativeCall } from './call.ts'

/**
 * The calls of a transport, queued or under way, in no particular order. A Set would do, but one to which
 * every call is added and from which it is soon deleted rebuilds its table every few calls.
 */
export class OpenCalls {
  readonly #calls: NativeCall[] = []

  get size(): number {
    return this.#calls.length
  }

  add(call: NativeCall): void {
    call.place = this.#calls.push(call) - 1
  }

  /** No effect on a call that is not there any more. */
  delete(call: NativeCall): void {
    const { place } = call
    if (this.#calls[place] !== call) return
    const last = this.#calls.pop()!
    if (last === call) return
    this.#calls[place] = last
    last.place = place
  }

  [Symbol.iterator](): IterableIterator<NativeCall> {
    return this.#calls.values()
  }
}
