import { LimitError } from '../../errors.ts'
import { MAX_WINDOW } from './frames.ts'
import { ConnectionViolation, ErrorCode } from './http2-error.ts'

/** Frames without use that a peer may send within the period when nothing useful comes between. */
const MAX_IDLE_FRAMES = 10_000
const PERIOD_MS = 10_000
/** DATA on ended streams taken without complaint, beyond what their windows allowed. */
const STRAY_BYTES = 1024 * 1024
/** What else may still come on a stream ended from this side: headers, trailers, a window update, a reset. */
const STRAY_FRAMES = 4
/** Answers (to PING and SETTINGS) the peer may leave unread. */
const MAX_UNREAD_ANSWER_BYTES = 128 * 1024

/** What a peer may make its client do for nothing: past it, the connection ends (ENHANCE_YOUR_CALM). */
export class PeerBudget {
  #idleFrames = 0
  #periodStart = 0
  #strayBytes = STRAY_BYTES
  #strayFrames = 0
  #answerBytes = 0

  /** Call once per read. */
  tick(now: number): void {
    if (now - this.#periodStart <= PERIOD_MS) return
    this.#periodStart = now
    this.#idleFrames = 0
  }

  /** A frame that brings no call forward: PING, SETTINGS, resets, empty DATA, unknown types. */
  idleFrame(): void {
    if (++this.#idleFrames > MAX_IDLE_FRAMES) throw tooMuch('too many frames without use')
  }

  usefulFrame(): void {
    this.#idleFrames = 0
  }

  /** A stream was ended from this side; `window` more bytes may still come on it, and its end. */
  allowStray(window: number): void {
    this.#strayBytes = Math.min(MAX_WINDOW, this.#strayBytes + Math.max(0, window))
    this.#strayFrames += STRAY_FRAMES
  }

  /** A frame other than DATA came on a stream that has ended. */
  strayFrame(): void {
    if (this.#strayFrames > 0) this.#strayFrames--
    else this.idleFrame()
  }

  /** DATA came on a stream that has ended. */
  strayData(bytes: number): void {
    this.#strayBytes -= bytes
    if (this.#strayBytes >= 0) return
    throw new ConnectionViolation(
      ErrorCode.STREAM_CLOSED,
      'the peer keeps sending on streams that have ended',
    )
  }

  /**
   * An answer of `bytes` is about to be sent; `send` sends all there are and says whether they left. Returns
   * what is wrong with a peer that does not read them.
   */
  answer(bytes: number, send: () => boolean): ConnectionViolation | undefined {
    this.#answerBytes += bytes
    if (this.#answerBytes <= MAX_UNREAD_ANSWER_BYTES) return undefined
    if (!send()) return tooMuch('more frames that need an answer than it reads answers')
    this.#answerBytes = 0
    return undefined
  }

  /** The operating system has taken all that was sent, answers included. */
  answersLeft(): void {
    this.#answerBytes = 0
  }
}

function tooMuch(what: string): ConnectionViolation {
  return new ConnectionViolation(ErrorCode.ENHANCE_YOUR_CALM, new LimitError(`HTTP/2: the peer sent ${what}`))
}
