import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type CaseName, type ServerAddress, SQL } from './cases.ts'
import type { Measurement } from './measure.ts'

export const PYARROW = 'pyarrow.flight'

/** pyarrow.flight's client (gRPC C++) on the same server, in a new Python process. */
export async function measurePyarrow(
  python: string,
  address: ServerAddress,
  name: Exclude<CaseName, 'inflight64'>,
  durationMs: number,
): Promise<Measurement> {
  const script = fileURLToPath(new URL('pyarrow_client.py', import.meta.url))
  const sql = { 'one-row': SQL.oneRow, k1: SQL.thousandRows, stream: SQL.stream }[name]
  const { stdout } = await promisify(execFile)(
    python,
    [script, String(address.port), sql, String(durationMs)],
    {
      timeout: 60_000,
    },
  )
  return JSON.parse(stdout)
}
