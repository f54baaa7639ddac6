import type { Schema } from '../arrow/schema.ts'
import type {
  ExecuteOptions,
  Execution,
  ResultBatch,
  ResultInfo,
  ResultSink,
  Statement,
  StatementSource,
} from '../client/result.ts'
import { AbortError, ClosedError, type SidecarError } from '../errors.ts'
import { retryDelay } from './retry.ts'

/** Runs statements on `source` and repeats those whose failure `retryDelay` calls safe to repeat. */
export class RetryingSource implements StatementSource {
  readonly source: StatementSource
  readonly retries: number
  readonly isReadOnly: (sql: string) => boolean
  /** Executions that wait for their next attempt. */
  readonly waiting = new Set<Execution>()
  closed = false

  /** @param isReadOnly whether the text of a statement shows that it changes nothing */
  constructor(source: StatementSource, retries: number, isReadOnly: (sql: string) => boolean) {
    this.source = source
    this.retries = retries
    this.isReadOnly = isReadOnly
  }

  get transport(): 'flight' | 'http' {
    return this.source.transport
  }

  execute(statement: Statement, sink: ResultSink, options: ExecuteOptions): Execution {
    return new RetryingExecution(this, statement, sink, options)
  }

  close(graceMs?: number): Promise<void> {
    this.closed = true
    const reason = new ClosedError('The client was closed before the next attempt', { unprocessed: false })
    for (const execution of [...this.waiting]) execution.cancel(reason)
    return this.source.close(graceMs)
  }
}

class RetryingExecution implements ResultSink, Execution {
  readonly #owner: RetryingSource
  readonly #statement: Statement
  readonly #sink: ResultSink
  readonly #options: ExecuteOptions
  #running: Execution
  #attempt = 1
  #delivered = false
  #paused = false
  #roundTrips = 0
  #pause: NodeJS.Timeout | undefined
  /** What to end with if the wait for the next attempt is cut short; undefined while an attempt runs. */
  #waiting: ResultInfo | undefined
  #onAbort: (() => void) | undefined

  constructor(owner: RetryingSource, statement: Statement, sink: ResultSink, options: ExecuteOptions) {
    this.#owner = owner
    this.#statement = statement
    this.#sink = sink
    this.#options = options
    this.#running = owner.source.execute(statement, this, options)
  }

  onSchema(schema: Schema): void {
    this.#sink.onSchema(schema)
  }

  onBatch(batch: ResultBatch): void {
    this.#delivered = true
    this.#sink.onBatch(batch)
  }

  onEnd(error: SidecarError | null, info: ResultInfo): void {
    if (this.#roundTrips > 0) info.roundTrips += this.#roundTrips
    const delay = error === null ? null : this.#delayAfter(error)
    if (delay === null) {
      this.#sink.onEnd(error, info)
      return
    }
    this.#roundTrips = info.roundTrips
    this.#waiting = info
    this.#owner.waiting.add(this)
    this.#pause = setTimeout(() => this.#again(), delay)
    const { signal } = this.#options
    if (signal === undefined) return
    this.#onAbort = () => {
      this.cancel(new AbortError('The query was aborted by its signal', { cause: signal.reason }))
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  pause(): void {
    this.#paused = true
    this.#running.pause()
  }

  resume(): void {
    this.#paused = false
    this.#running.resume()
  }

  cancel(reason: SidecarError): void {
    if (this.#waiting === undefined) {
      this.#running.cancel(reason)
      return
    }
    const info = this.#stopWaiting()
    this.#sink.onEnd(reason, info)
  }

  #delayAfter(error: SidecarError): number | null {
    const { idempotent, sql } = this.#statement
    const { deadline, signal } = this.#options
    if (signal?.aborted || this.#owner.closed) return null
    const delay = retryDelay(
      {
        error,
        attempt: this.#attempt,
        delivered: this.#delivered,
        repeatable: () => idempotent ?? this.#owner.isReadOnly(sql),
      },
      this.#owner.retries,
    )
    return delay !== null && deadline !== undefined && performance.now() + delay >= deadline ? null : delay
  }

  #again(): void {
    this.#stopWaiting()
    this.#attempt++
    this.#running = this.#owner.source.execute(this.#statement, this, this.#options)
    if (this.#paused) this.#running.pause()
  }

  #stopWaiting(): ResultInfo {
    const info = this.#waiting!
    this.#waiting = undefined
    this.#owner.waiting.delete(this)
    clearTimeout(this.#pause)
    if (this.#onAbort !== undefined) this.#options.signal!.removeEventListener('abort', this.#onAbort)
    return info
  }
}
