import { readIpc } from '../arrow/ipc-stream.ts'
import type { Schema } from '../arrow/schema.ts'
import { quoteValue } from '../arrow/unfit-value.ts'
import { ParameterError, ProtocolError, UnsupportedError } from '../errors.ts'
import type { FlightCallOptions, FlightClient } from '../flight/flight-client.ts'
import { RpcError } from '../transport/rpc-error.ts'
import type { Row } from './result.ts'

/** A table of the catalog, as GetTables lists it. */
export interface CatalogTable {
  readonly catalog: string | null
  readonly dbSchema: string | null
  readonly table: string
  readonly type: string
  readonly schema: Schema
}

/**
 * The parts of a dataset's name: `finance.trades` is two; dots within double quotes do not count. Throws
 * `ParameterError` for what is no name, such as `a..b`.
 */
export function datasetPath(name: string): string[] {
  if (typeof name !== 'string' || !DATASET_NAME.test(name)) {
    throw new ParameterError(
      `${quoteValue(name)} is no dataset's name; write trades, finance.trades or finance."my trades"`,
    )
  }
  const parts = name.match(NAME_PART) ?? []
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part))
}

const NAME_PART = /"(?:[^"]|"")+"|[^".]+/g
const DATASET_NAME = new RegExp(`^(?:${NAME_PART.source})(?:\\.(?:${NAME_PART.source}))*$`)

/**
 * The schema of a dataset: asked for by path, and from the list of tables where the server does not know
 * that. Null when there is no such dataset. Rejects with the call's error.
 */
export async function lookUpSchema(
  flight: FlightClient,
  path: readonly string[],
  options?: FlightCallOptions,
): Promise<Schema | null> {
  try {
    return await flight.getSchema(path, options)
  } catch (error) {
    if (!(error instanceof RpcError) || !DOES_NOT_KNOW.has(error.status)) throw error
  }
  // The name is a LIKE pattern there, so that it may find more than it names.
  const tables = await listTables(flight, { tableNameFilterPattern: path.at(-1)! }, options)
  const found = tables.find((table) => matches(table, path))
  return found?.schema ?? null
}

/**
 * The schema of a table by the standard's list of tables. Null when there is no such table. Rejects with
 * `ParameterError` when the name is that of several, with `UnsupportedError` when the server has no such
 * list, otherwise with the call's error.
 */
export async function lookUpTable(
  flight: FlightClient,
  path: readonly string[],
  options?: FlightCallOptions,
): Promise<Schema | null> {
  const [name, dbSchema, catalog] = [...path].reverse()
  const filter = {
    catalog,
    dbSchemaFilterPattern: dbSchema,
    tableNameFilterPattern: name,
    includeSchema: true,
  }
  const rows = await flight.getTables(filter, options).catch((error) => {
    if (!(error instanceof RpcError) || error.status !== 'UNIMPLEMENTED') throw error
    const message = `the server does not list its tables (GetTables), so that their schemas are unknown: ${error.message}`
    throw new UnsupportedError(message, { cause: error })
  })
  // Patterns may find more than they name, and a server may leave filters aside.
  const found = rows.map(placeOf).filter((table) => matches(table, path))
  if (found.length > 1) {
    const names = found.map((table) => [table.catalog, table.dbSchema, table.table].filter(Boolean).join('.'))
    throw new ParameterError(`${quoteValue(name)} may be any of ${names.join(', ')}; write which`)
  }
  return found.length === 0 ? null : schemaIn(found[0].row)
}

/** Answers to a path that may mean "no such table" as well as "not this way". */
const DOES_NOT_KNOW: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'INVALID_ARGUMENT',
  'UNIMPLEMENTED',
  'INTERNAL',
])

/** Every table with its schema, by name. */
export async function listTables(
  flight: FlightClient,
  filter: { tableNameFilterPattern?: string } = {},
  options?: FlightCallOptions,
): Promise<CatalogTable[]> {
  const rows = await flight.getTables({ ...filter, includeSchema: true }, options)
  return rows.map((row) => ({ ...placeOf(row), type: String(row.table_type), schema: schemaIn(row) }))
}

/** Where GetTables says that a table is, with the row that says so. */
function placeOf(row: Row) {
  return {
    catalog: (row.catalog_name as string | null) ?? null,
    dbSchema: (row.db_schema_name as string | null) ?? null,
    table: String(row.table_name),
    row,
  }
}

function schemaIn(row: Row): Schema {
  const bytes = row.table_schema
  if (bytes instanceof Uint8Array) return readIpc(bytes).schema
  throw new ProtocolError(`GetTables gave no schema for the table ${quoteValue(row.table_name)}`)
}

type Place = Pick<CatalogTable, 'catalog' | 'dbSchema' | 'table'>

function matches(table: Place, path: readonly string[]): boolean {
  const [name, dbSchema, catalog] = [...path].reverse()
  return (
    table.table === name &&
    (dbSchema === undefined || table.dbSchema === dbSchema) &&
    (catalog === undefined || table.catalog === catalog)
  )
}
