import type { Schema } from '../arrow/schema.ts'
import { datasetPath, listTables } from '../client/dataset-schema.ts'
import type { SidecarClient } from '../client/sidecar-client.ts'
import { UnsupportedError } from '../errors.ts'
import { sql } from '../sql/sql.ts'
import type { DatasetSchema } from './types-source.ts'

/** Where names without catalog and schema are looked up. */
const DEFAULT_CATALOG = 'spice'
const DEFAULT_SCHEMA = 'public'

/** Schemas that hold what the runtime tells about itself. */
const INTERNAL_SCHEMAS: ReadonlySet<string> = new Set(['information_schema', 'pg_catalog', 'runtime'])

/**
 * Every dataset with its schema: over Flight in one call, otherwise by asking each for no rows.
 * @param internal whether tables about the runtime itself count too; Flight only
 */
export async function readCatalog(
  spice: SidecarClient,
  options: { internal: boolean; signal?: AbortSignal },
): Promise<DatasetSchema[]> {
  const { signal, internal } = options
  if (spice.endpoint.flight === null) return catalogOverHttp(spice, signal)
  const tables = await listTables(spice.flight, {}, { signal })
  return tables
    .filter((table) => internal || !INTERNAL_SCHEMAS.has(table.dbSchema ?? ''))
    .map(({ catalog, dbSchema, table, schema }) => ({ name: nameOf([catalog, dbSchema, table]), schema }))
}

/**
 * A dataset's name as its spicepod has it, `my-table` or `finance.trades`, which `spice.write()` takes too. In
 * a statement a part that is no plain identifier stands in quotes.
 */
function nameOf(path: ReadonlyArray<string | null>): string {
  const [table, dbSchema, catalog] = [...path].reverse()
  const parts = [table]
  const foreign = catalog != null && catalog !== DEFAULT_CATALOG
  if (dbSchema != null && (foreign || dbSchema !== DEFAULT_SCHEMA)) parts.unshift(dbSchema)
  if (foreign) parts.unshift(catalog)
  return parts.map((part) => (/[."]/.test(part ?? '') ? sql.id(part!).sql : part)).join('.')
}

async function catalogOverHttp(spice: SidecarClient, signal?: AbortSignal): Promise<DatasetSchema[]> {
  const datasets: DatasetSchema[] = []
  for (const dataset of await spice.datasets.list({ status: false, signal })) {
    const path = datasetPath(dataset.name)
    datasets.push({ name: nameOf(path), schema: await schemaOverHttp(spice, path, signal) })
  }
  return datasets
}

async function schemaOverHttp(
  spice: SidecarClient,
  path: readonly string[],
  signal?: AbortSignal,
): Promise<Schema> {
  // A result without a batch comes without a schema; asking for a row brings a batch if there is a row.
  for (const limit of [0, 1]) {
    const query = spice.query(`SELECT * FROM ${sql.id(...path).sql} LIMIT ${limit}`, undefined, { signal })
    await query
    if (query.schema !== null && query.schema.fields.length > 0) return query.schema
  }
  throw new UnsupportedError(
    `Over HTTP the runtime gives no schema for ${nameOf(path)} while it has no rows; let the command use Flight.`,
  )
}
