import type { SidecarClient } from '../client/sidecar-client.ts'
import { OptionsError } from '../errors.ts'
import type { BenchStatement } from './series.ts'

/**
 * The statements to measure: those given as `SQL` or `NAME=SQL`, or, without any, one that needs no
 * table and four over the first dataset the runtime lists. Throws `OptionsError` for a bad flag.
 */
export async function chooseStatements(
  client: SidecarClient,
  flags: readonly string[],
): Promise<BenchStatement[]> {
  if (flags.length > 0) return parseStatements(flags)
  const statements = [{ name: 'select-1', sql: 'SELECT 1 AS one' }]
  const dataset = await firstDataset(client)
  if (dataset === undefined) return statements
  return [
    ...statements,
    { name: 'first-row', sql: `SELECT * FROM ${dataset} LIMIT 1` },
    { name: '1000-rows', sql: `SELECT * FROM ${dataset} LIMIT 1000` },
    { name: 'aggregate', sql: `SELECT count(*) AS n FROM ${dataset}` },
    { name: '1m-rows', sql: `SELECT * FROM ${dataset} LIMIT 1000000` },
  ]
}

function parseStatements(flags: readonly string[]): BenchStatement[] {
  const statements = flags.map((flag, index) => {
    const named = /^([A-Za-z0-9][\w-]*)=(.*)$/s.exec(flag)
    const sql = (named?.[2] ?? flag).trim()
    if (sql === '') throw new OptionsError(`--sql ${JSON.stringify(flag)} holds no statement.`)
    return { name: named?.[1] ?? `statement-${index + 1}`, sql }
  })
  const twice = statements.find((one, index) => statements.findIndex(({ name }) => name === one.name) < index)
  if (twice) throw new OptionsError(`Two statements are named ${twice.name}; give each a name of its own.`)
  return statements
}

/** The runtime's first ready dataset; undefined when it has none or no HTTP API to ask. */
async function firstDataset(client: SidecarClient): Promise<string | undefined> {
  if (client.endpoint.http === null) return undefined
  const datasets = await client.datasets.list({ status: true })
  return (datasets.find(({ status }) => status === 'Ready') ?? datasets[0])?.name
}
