import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ServerAddress } from './cases.ts'
import { median } from './measure.ts'

export interface Startup {
  client: string
  importCpuMs: number
  importMs: number
  /** From the end of Node's own start to the first row, connection included. */
  firstRowMs: number
}

const CLIENTS = ['spice-sidecar', '@spiceai/spice']

/** Import and first row, each run in a new Node process; medians, clients interleaved. */
export async function measureStartup(address: ServerAddress, rounds: number): Promise<Startup[]> {
  const script = fileURLToPath(new URL('first-row.mjs', import.meta.url))
  const samples = new Map<string, Startup[]>(CLIENTS.map((client) => [client, []]))
  for (let round = 0; round < rounds; round++) {
    for (const client of CLIENTS) {
      // Without the parent's loader: it would be part of the figure.
      const { NODE_OPTIONS: _, ...env } = process.env
      const { stdout } = await promisify(execFile)(process.execPath, [script, client, String(address.port)], {
        env,
        timeout: 30_000,
      })
      samples.get(client)!.push({ client, ...JSON.parse(stdout) })
    }
  }
  return CLIENTS.map((client) => {
    const of = (figure: 'importCpuMs' | 'importMs' | 'firstRowMs') =>
      median(samples.get(client)!.map((sample) => sample[figure]))
    return { client, importCpuMs: of('importCpuMs'), importMs: of('importMs'), firstRowMs: of('firstRowMs') }
  })
}
