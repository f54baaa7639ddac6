import type { NativeCall } from './call.ts'
import { DEFAULT_WINDOW, Flag, FrameType, MAX_WINDOW } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'
import type { Outgoing } from './outgoing.ts'
import type { PeerBudget } from './peer-budget.ts'
import type { PeerSettings } from './peer-settings.ts'

/** Bytes handed to the socket but not yet sent, above which streams wait. */
const SOCKET_BYTES = 512 * 1024
/** Largest DATA frame sent, so that streams take turns even when the peer allows more. */
const FRAME_BYTES = 256 * 1024

/**
 * The sending half of flow control: RFC 9113, section 5.2. Streams with something to send take turns, a
 * frame each, as far as the peer's two windows and the socket allow.
 */
export class SendQueue {
  readonly #out: Outgoing
  readonly #peer: PeerSettings
  readonly #budget: PeerBudget
  #window = DEFAULT_WINDOW
  #waiting: NativeCall[] = []

  constructor(out: Outgoing, peer: PeerSettings, budget: PeerBudget) {
    this.#out = out
    this.#peer = peer
    this.#budget = budget
  }

  /** True when `bytes` can go out at once on a stream that has just been opened. */
  allows(bytes: number): boolean {
    return (
      bytes <= this.#window &&
      bytes <= this.#peer.initialWindow &&
      bytes <= this.#peer.maxFrameSize &&
      this.#waiting.length === 0 &&
      this.#out.pendingBytes < SOCKET_BYTES
    )
  }

  /** DATA went out on the connection by another way than this queue. */
  spend(bytes: number): void {
    this.#window -= bytes
  }

  widen(increment: number): void {
    this.#window += increment
    if (this.#window > MAX_WINDOW) {
      throw new ConnectionViolation(ErrorCode.FLOW_CONTROL_ERROR, 'the connection window grew beyond 2^31-1')
    }
    this.run()
  }

  /** The call has something to send, or may again. */
  add(call: NativeCall): void {
    if (call.sending || call.sentEnd || !hasWork(call)) return
    call.sending = true
    this.#waiting.push(call)
    this.run()
  }

  clear(): void {
    this.#waiting = []
  }

  /** Sends until nothing is left, a window is used up or the socket is full. */
  run(): void {
    const waiting = this.#waiting
    let blocked = 0
    while (waiting.length > blocked && this.#out.pendingBytes < SOCKET_BYTES) {
      const call = waiting.shift()!
      const outbox = call.outbox!
      if (call.stream === null || call.ended) {
        call.sending = false
        continue
      }
      const left = outbox.bytes
      const window = Math.min(call.sendWindow, this.#window)
      const room = Math.min(left, this.#peer.maxFrameSize, FRAME_BYTES, Math.max(0, window))
      if (left > 0 && room === 0) {
        if (call.sendWindow <= 0) call.sending = false
        else {
          // Only the connection's window is used up: it keeps its turn.
          waiting.push(call)
          blocked++
        }
        continue
      }
      blocked = 0
      // The window updates of a long upload are of use, though the peer says nothing else meanwhile.
      this.#budget.usefulFrame()
      call.sentEnd = outbox.closed && room === left
      this.#out.frameHeader(room, FrameType.DATA, call.sentEnd ? Flag.END_STREAM : 0, call.streamId)
      outbox.take(room, this.#out)
      call.sendWindow -= room
      this.#window -= room
      if (hasWork(call) && !call.sentEnd) waiting.push(call)
      else call.sending = false
      call.afterSend()
      this.#out.schedule()
    }
  }
}

function hasWork(call: NativeCall): boolean {
  return call.outbox !== null && (call.outbox.bytes > 0 || call.outbox.closed)
}
