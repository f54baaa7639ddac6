import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { EngineError } from './engine-error.ts'
import type { PreparedSql } from './prepare.ts'

const MAX_PREPARED_PER_CONNECTION = 64
/** Characters of SQL text, so that long statements cannot add up. */
const MAX_PREPARED_TEXT = 1_000_000

/** A connection and the statements prepared on it, least recently used first. */
export class PooledConnection {
  readonly connection: DuckDBConnection
  private readonly prepared = new Map<string, PreparedSql>()
  private preparedText = 0

  constructor(connection: DuckDBConnection) {
    this.connection = connection
  }

  takePrepared(sql: string): PreparedSql | undefined {
    const prepared = this.prepared.get(sql)
    if (prepared) {
      this.prepared.delete(sql)
      this.prepared.set(sql, prepared)
    }
    return prepared
  }

  keepPrepared(sql: string, prepared: PreparedSql): void {
    this.prepared.set(sql, prepared)
    this.preparedText += sql.length
    for (const [oldestSql, oldest] of this.prepared) {
      const fits = this.prepared.size <= MAX_PREPARED_PER_CONNECTION && this.preparedText <= MAX_PREPARED_TEXT
      if (fits || oldest === prepared) break
      this.prepared.delete(oldestSql)
      this.preparedText -= oldestSql.length
      oldest.statement.destroySync()
    }
  }

  close(): void {
    for (const { statement } of this.prepared.values()) statement.destroySync()
    this.prepared.clear()
    this.connection.disconnectSync()
  }
}

interface Waiter {
  resolve(connection: PooledConnection): void
  reject(error: EngineError): void
}

/**
 * At most `size` connections, made at first need; each runs one statement at a time. Every running
 * statement occupies a thread of libuv's pool, so `size` has to stay below UV_THREADPOOL_SIZE.
 */
export class ConnectionPool {
  private readonly instance: DuckDBInstance
  private readonly size: number
  private readonly maxWaiting: number
  private readonly initialSql: string
  private readonly idle: PooledConnection[] = []
  private readonly waiting = new Set<Waiter>()
  private open = 0
  private closed = false

  constructor(instance: DuckDBInstance, options: { size: number; maxWaiting: number; initialSql: string }) {
    this.instance = instance
    this.size = options.size
    this.maxWaiting = options.maxWaiting
    this.initialSql = options.initialSql
  }

  async acquire(signal: AbortSignal): Promise<PooledConnection> {
    if (this.closed) throw new EngineError('shutting-down', 'the engine is closed')
    const connection = this.idle.pop()
    if (connection) return connection
    if (this.open < this.size) {
      this.open++
      try {
        const created = await this.instance.connect()
        await created.run(this.initialSql)
        return new PooledConnection(created)
      } catch (error) {
        this.open--
        throw error
      }
    }
    if (this.waiting.size >= this.maxWaiting) {
      throw new EngineError(
        'overloaded',
        `${this.size} statements run and ${this.maxWaiting} wait already; try again later`,
      )
    }
    return this.wait(signal)
  }

  release(connection: PooledConnection): void {
    const next = this.waiting.values().next().value
    if (this.closed) {
      connection.close()
      this.open--
    } else if (next) next.resolve(connection)
    else this.idle.push(connection)
  }

  close(): void {
    this.closed = true
    for (const waiter of this.waiting) waiter.reject(new EngineError('shutting-down', 'the engine is closed'))
    for (const connection of this.idle.splice(0)) {
      connection.close()
      this.open--
    }
  }

  private wait(signal: AbortSignal): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.waiting.delete(waiter)
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        resolve: (connection) => {
          settle()
          resolve(connection)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      const onAbort = () => waiter.reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      else this.waiting.add(waiter)
    })
  }
}
