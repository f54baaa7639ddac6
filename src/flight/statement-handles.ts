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

  constructor(session: FlightSession) {
    this.session = session
    this.idle = new BoundedMap(MAX_STATEMENTS, (handles) => {
      for (const handle of handles) this.discard(handle)
    })
  }

  take(sql: string): Uint8Array | undefined {
    return this.idle.get(sql)?.pop()
  }

  giveBack(sql: string, handle: Uint8Array): void {
    const handles = this.idle.get(sql)
    if (handles === undefined) this.idle.set(sql, [handle])
    else if (handles.length < MAX_IDLE_PER_STATEMENT) handles.push(handle)
    else this.discard(handle)
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

  /** Closes what is idle; resolves when the server was told or the time for it is over. */
  async close(): Promise<void> {
    for (const handles of this.idle.drain()) for (const handle of handles) this.discard(handle)
    await Promise.all(this.closing)
  }
}
