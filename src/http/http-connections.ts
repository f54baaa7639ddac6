import type { Dispatcher } from 'undici'

/** One connection, made when it is first used and made anew when it was lost: undici's `Client`. */
export type HttpConnection = Pick<Dispatcher, 'dispatch' | 'destroy'>

/** What waits for a connection. */
export interface ConnectionUser {
  /** No longer in need of one. */
  readonly ended: boolean
}

/**
 * The connections to one runtime, each with one request at a time. A request takes the free connection that
 * was used last, so there are as many as requests overlap. (undici's own pool would change to another
 * connection after every answer, since one counts as busy until the next turn of the event loop.)
 */
export class HttpConnections<User extends ConnectionUser> {
  readonly #open: () => HttpConnection
  readonly #limit: number
  readonly #start: (user: User, connection: HttpConnection) => void
  readonly #all: HttpConnection[] = []
  /** The last one is taken first. */
  readonly #free: HttpConnection[] = []
  readonly #waiting = new Set<User>()

  /**
   * @param open makes a connection, without connecting
   * @param start gives a user its connection
   */
  constructor(
    open: () => HttpConnection,
    limit: number,
    start: (user: User, connection: HttpConnection) => void,
  ) {
    this.#open = open
    this.#limit = limit
    this.#start = start
  }

  /** Starts `user` on a free connection, or once one is free, in the order of asking. */
  request(user: User): void {
    let connection = this.#free.pop()
    if (connection === undefined && this.#all.length < this.#limit) {
      connection = this.#open()
      this.#all.push(connection)
    }
    if (connection === undefined) this.#waiting.add(user)
    else this.#start(user, connection)
  }

  /** `user` does not wait any more. */
  forget(user: User): void {
    if (this.#waiting.size > 0) this.#waiting.delete(user)
  }

  /** @param broken whether the connection was lost: it is the last one to be taken again */
  release(connection: HttpConnection, broken: boolean): void {
    if (broken) queueMicrotask(() => this.#pass(connection, broken))
    else this.#pass(connection, broken)
  }

  async destroy(): Promise<void> {
    this.#waiting.clear()
    await Promise.all(this.#all.map((connection) => connection.destroy()))
  }

  #pass(connection: HttpConnection, broken: boolean): void {
    if (this.#waiting.size === 0) {
      if (broken) this.#free.unshift(connection)
      else this.#free.push(connection)
      return
    }
    const [next] = this.#waiting
    this.#waiting.delete(next)
    // undici is still busy with the answer that ended.
    queueMicrotask(() => {
      if (next.ended) this.#pass(connection, broken)
      else this.#start(next, connection)
    })
  }
}
