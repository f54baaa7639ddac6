import type { Schema } from '../arrow/schema.ts'
import { type CatalogTable, listTables } from '../client/dataset-schema.ts'
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
    .map((table) => ({ name: referenceTo(table), schema: table.schema }))
}

/** The shortest name by which statements find a table. */
function referenceTo({ catalog, dbSchema, table }: CatalogTable): string {
  const parts = [table]
  const foreign = catalog !== null && catalog !== DEFAULT_CATALOG
  if (dbSchema !== null && (foreign || dbSchema !== DEFAULT_SCHEMA)) parts.unshift(dbSchema)
  if (foreign) parts.unshift(catalog)
  return parts.map((part) => (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(part) ? part : sql.id(part).sql)).join('.')
}

async function catalogOverHttp(spice: SidecarClient, signal?: AbortSignal): Promise<DatasetSchema[]> {
  const datasets: DatasetSchema[] = []
  for (const { name } of await spice.datasets.list({ status: false, signal })) {
    datasets.push({ name, schema: await schemaOverHttp(spice, name, signal) })
  }
  return datasets
}

/** The runtime writes dataset names as references that are quoted where they have to be. */
async function schemaOverHttp(spice: SidecarClient, name: string, signal?: AbortSignal): Promise<Schema> {
  // A result without a batch comes without a schema; asking for a row brings a batch if there is a row.
  for (const limit of [0, 1]) {
    const query = spice.query(`SELECT * FROM ${name} LIMIT ${limit}`, undefined, { signal })
    await query
    if (query.schema !== null && query.schema.fields.length > 0) return query.schema
  }
  throw new UnsupportedError(
    `Over HTTP the runtime gives no schema for ${name} while it has no rows; let the command use Flight.`,
  )
}
