import { randomUUID } from 'node:crypto'
import { EngineError } from './engine-error.ts'

export type QueryProtocol = 'http' | 'flight' | 'flightsql' | 'internal'

/** A statement that runs or waits for a connection. Aborting `controller` stops it with the reason given. */
export interface ActiveQuery {
  readonly id: string
  readonly protocol: QueryProtocol
  readonly sql: string
  readonly startedAtMs: number
  /** Who asked: a query can be seen and cancelled only by the same principal. */
  readonly principal: string
  readonly controller: AbortController
}

/** What runs now, for `GET /v1/sql/active`, cancelling and draining. */
export class ActiveQueries {
  private readonly queries = new Map<string, ActiveQuery>()
  private readonly drained = new Set<() => void>()

  get size(): number {
    return this.queries.size
  }

  add(sql: string, protocol: QueryProtocol, principal: string): ActiveQuery {
    const query = {
      id: randomUUID(),
      protocol,
      sql,
      startedAtMs: Date.now(),
      principal,
      controller: new AbortController(),
    }
    this.queries.set(query.id, query)
    return query
  }

  remove(query: ActiveQuery): void {
    if (!this.queries.delete(query.id) || this.queries.size > 0) return
    for (const resolve of this.drained) resolve()
    this.drained.clear()
  }

  list(principal: string): ActiveQuery[] {
    return [...this.queries.values()].filter((query) => query.principal === principal)
  }

  /** False when there is no such query, or it is another principal's. */
  cancel(id: string, principal: string): boolean {
    const query = this.queries.get(id)
    if (query?.principal !== principal) return false
    query.controller.abort(new EngineError('cancelled', `query ${id} was cancelled`))
    return true
  }

  cancelAll(reason: EngineError): void {
    for (const query of this.queries.values()) query.controller.abort(reason)
  }

  /** Resolves once nothing runs any more. */
  whenIdle(): Promise<void> {
    if (this.queries.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.drained.add(resolve))
  }
}
