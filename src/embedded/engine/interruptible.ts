import type { DuckDBConnection } from '@duckdb/node-api'

const REPEAT_MS = 20

/**
 * Runs `work` on a connection and interrupts it once `signal` is aborted. DuckDB forgets an interrupt that
 * comes before the statement has begun on its thread, so it is repeated until the work has ended.
 */
export async function interruptible<Value>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<Value>,
): Promise<Value> {
  let repeat: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    repeat = setInterval(() => connection.interrupt(), REPEAT_MS)
  }
  signal.throwIfAborted()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await work()
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(repeat)
  }
}
