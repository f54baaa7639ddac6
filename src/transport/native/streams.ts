import type { NativeCall } from './call.ts'
import { MAX_WINDOW } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

/** The open streams of a connection: RFC 9113, section 5.1. */
export class Streams {
  /** One stream is kept apart: a client that asks one query at a time has no use for a map. */
  #first: NativeCall | undefined
  readonly #others = new Map<number, NativeCall>()
  #nextId = 1

  get size(): number {
    return this.#others.size + (this.#first === undefined ? 0 : 1)
  }

  /** No ids are left: RFC 9113, section 5.1.1. */
  get exhausted(): boolean {
    return this.#nextId > MAX_WINDOW
  }

  open(call: NativeCall): void {
    call.streamId = this.#nextId
    this.#nextId += 2
    if (this.#first === undefined) this.#first = call
    else this.#others.set(call.streamId, call)
  }

  /**
   * The call on a stream, undefined when it has ended. Throws `ConnectionViolation` for a stream that this
   * side never opened, even ids included.
   */
  find(streamId: number): NativeCall | undefined {
    if (this.#first?.streamId === streamId) return this.#first
    const call = this.#others.get(streamId)
    if (call === undefined && ((streamId & 1) === 0 || streamId >= this.#nextId)) {
      throw new ConnectionViolation(
        ErrorCode.PROTOCOL_ERROR,
        `a frame on stream ${streamId}, which was never opened`,
      )
    }
    return call
  }

  close(call: NativeCall): void {
    if (this.#first === call) this.#first = undefined
    else this.#others.delete(call.streamId)
    call.stream = null
  }

  /** Closes and returns the calls whose ids are above `lastId`. */
  closeAbove(lastId: number): NativeCall[] {
    const closed = [...this].filter((call) => call.streamId > lastId)
    for (const call of closed) this.close(call)
    return closed
  }

  *[Symbol.iterator](): IterableIterator<NativeCall> {
    if (this.#first !== undefined) yield this.#first
    yield* this.#others.values()
  }
}
