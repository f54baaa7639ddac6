import type { Execution } from '../client/result.ts'
import { ClosedError } from '../errors.ts'
import { BoundedMap } from './bounded-map.ts'
import { closePreparedStatement } from './prepared-statements.ts'
import type { FlightSession } from './session.ts'

const MAX_STATEMENTS = 64
const MAX_IDLE_PER_STATEMENT = 8
const CLOSE_TIMEOUT_MS = 1000

/**
 * Prepared statements of a server that keeps them: a handle is used by one execution at a time, because
 * the parameters bound to it are the server's state, and is closed when it is no longer kept.
 */
export class StatementHandles {
  private readonly session: FlightSession
  private readonly idle: BoundedMap<Uint8Array[]>
  private readonly closing = new Set<Promise<void>>()
  /** Executions that hold a handle or may come to hold one. */
  private readonly users = new Set<Execution>()
  private closed = false
  private onUnused: (() => void) | null = null

  constructor(session: FlightSession) {
    this.session = session
    this.idle = new BoundedMap(MAX_STATEMENTS, (handles) => {
      for (const handle of handles) this.discard(handle)
    })
  }

  /** Throws `ClosedError` once these are closed. */
  begin(user: Execution): void {
    if (this.closed) throw new ClosedError('The client is closed')
    this.users.add(user)
  }

  /** A user is done; what it held was given back or discarded before. */
  end(user: Execution): void {
    this.users.delete(user)
    if (this.users.size === 0) this.onUnused?.()
  }

  take(sql: string): Uint8Array | undefined {
    return this.idle.get(sql)?.pop()
  }

  giveBack(sql: string, handle: Uint8Array): void {
    const handles = this.idle.get(sql)
    if (this.closed) this.discard(handle)
    else if (handles === undefined) this.idle.set(sql, [handle])
    else if (handles.length < MAX_IDLE_PER_STATEMENT) handles.push(handle)
    else this.discard(handle)
  }

  /** Keeps none of a statement's idle handles. */
  forget(sql: string): void {
    for (const handle of this.idle.get(sql)?.splice(0) ?? []) this.discard(handle)
  }

  /** Closes a handle without waiting; a server that cannot be told has lost it anyway. */
  discard(handle: Uint8Array): void {
    const closing = closePreparedStatement(this.session, handle, {
      metadata: this.session.metadata(),
      deadline: performance.now() + CLOSE_TIMEOUT_MS,
    })
      .catch(() => {})
      .finally(() => this.closing.delete(closing))
    this.closing.add(closing)
  }

  /**
   * Closes every handle: executions have `graceMs` to finish, then are cancelled, for a server can be told
   * only while there are connections. Resolves when it was told or the time for that is over.
   */
  async close(graceMs = 0): Promise<void> {
    this.closed = true
    if (graceMs > 0) await this.unused(graceMs)
    const reason = new ClosedError('The client was closed during the query', { unprocessed: false })
    for (const user of [...this.users]) user.cancel(reason)
    await this.unused(CLOSE_TIMEOUT_MS)
    for (const handles of this.idle.drain()) for (const handle of handles) this.discard(handle)
    await Promise.all(this.closing)
  }

  private async unused(limitMs: number): Promise<void> {
    if (this.users.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs)
      this.onUnused = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
