import type { ActiveQuery } from './active-queries.ts'
import type { PooledConnection } from './connection-pool.ts'
import { EngineError } from './engine-error.ts'

/** One execution: the query as registered, what may stop it, and the connection it holds. */
export class StatementRun {
  readonly query: ActiveQuery
  readonly signal: AbortSignal
  connection: PooledConnection | null = null
  private timer: NodeJS.Timeout | undefined
  private detach = () => {}

  constructor(query: ActiveQuery) {
    this.query = query
    this.signal = query.controller.signal
  }

  stopAfter(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return
    this.timer = setTimeout(() => {
      this.query.controller.abort(
        new EngineError('timeout', `the statement was stopped after ${timeoutMs} ms (runtime.query.timeout)`),
      )
    }, timeoutMs)
  }

  stopWith(signal: AbortSignal | undefined): void {
    if (!signal) return
    const stop = () =>
      this.query.controller.abort(new EngineError('cancelled', 'the query was cancelled by its client'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    this.detach = () => signal.removeEventListener('abort', stop)
  }

  end(): void {
    clearTimeout(this.timer)
    this.detach()
    this.connection = null
  }
}
