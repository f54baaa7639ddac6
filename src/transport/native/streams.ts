import type { NativeCall } from './call.ts'
import { MAX_WINDOW } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

/** The open streams of a connection: RFC 9113, section 5.1. */
export class Streams {
  readonly #open = new Map<number, NativeCall>()
  #nextId = 1

  get size(): number {
    return this.#open.size
  }

  /** No ids are left: RFC 9113, section 5.1.1. */
  get exhausted(): boolean {
    return this.#nextId > MAX_WINDOW
  }

  open(call: NativeCall): void {
    call.streamId = this.#nextId
    this.#nextId += 2
    this.#open.set(call.streamId, call)
  }

  /**
   * The call on a stream, undefined when it has ended. Throws `ConnectionViolation` for a stream that this
   * side never opened, even ids included.
   */
  find(streamId: number): NativeCall | undefined {
    const call = this.#open.get(streamId)
    if (call === undefined && ((streamId & 1) === 0 || streamId >= this.#nextId)) {
      throw new ConnectionViolation(
        ErrorCode.PROTOCOL_ERROR,
        `a frame on stream ${streamId}, which was never opened`,
      )
    }
    return call
  }

  close(call: NativeCall): void {
    this.#open.delete(call.streamId)
    call.stream = null
  }

  /** Closes and returns the calls whose ids are above `lastId`. */
  closeAbove(lastId: number): NativeCall[] {
    const closed = [...this.#open.values()].filter((call) => call.streamId > lastId)
    for (const call of closed) this.close(call)
    return closed
  }

  [Symbol.iterator](): IterableIterator<NativeCall> {
    return this.#open.values()
  }
}
