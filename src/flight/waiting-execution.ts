import type { ExecuteOptions, Execution, ResultSink } from '../client/result.ts'
import { AbortError, type SidecarError, TimeoutError } from '../errors.ts'
import { asSidecarError } from './query-failure.ts'

/** A statement whose server is still being got to know. It starts when that is done, or ends before. */
export class WaitingExecution implements Execution {
  private readonly sink: ResultSink
  private readonly options: ExecuteOptions
  private readonly timer: ReturnType<typeof setTimeout> | undefined
  private running: Execution | null = null
  private paused = false
  private ended = false

  constructor(ready: Promise<unknown>, start: () => Execution, sink: ResultSink, options: ExecuteOptions) {
    this.sink = sink
    this.options = options
    const { deadline, signal } = options
    if (deadline !== undefined && deadline !== Number.POSITIVE_INFINITY) {
      const left = Math.max(0, deadline - performance.now())
      const allowed = options.timeoutMs ?? Math.round(left)
      this.timer = setTimeout(() => {
        this.cancel(
          new TimeoutError(`The Flight server gave no sign within ${allowed} ms`, allowed, {
            unprocessed: true,
          }),
        )
      }, left)
    }
    signal?.addEventListener('abort', this.onAbort, { once: true })
    ready.then(
      () => {
        if (!this.stopWaiting()) return
        this.running = start()
        if (this.paused) this.running.pause()
      },
      (error) => this.cancel(asSidecarError(error)),
    )
    if (signal?.aborted) queueMicrotask(this.onAbort)
  }

  pause(): void {
    this.paused = true
    this.running?.pause()
  }

  resume(): void {
    this.paused = false
    this.running?.resume()
  }

  cancel(reason: SidecarError): void {
    if (this.running !== null) this.running.cancel(reason)
    else if (this.stopWaiting()) this.sink.onEnd(reason, { warnings: [], roundTrips: 0 })
  }

  private readonly onAbort = (): void => {
    const details = { cause: this.options.signal?.reason, unprocessed: true }
    this.cancel(new AbortError('The query was aborted before it was sent', details))
  }

  /** False when it was over already. */
  private stopWaiting(): boolean {
    if (this.ended) return false
    this.ended = true
    clearTimeout(this.timer)
    this.options.signal?.removeEventListener('abort', this.onAbort)
    return true
  }
}
