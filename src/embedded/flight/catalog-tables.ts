import { type DuckDBType, VARCHAR } from '@duckdb/node-api'
import { IpcStreamFramer } from '../../arrow/ipc-writer.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../arrow/schema.ts'
import type { CommandGetDbSchemas, CommandGetTables } from '../../flight/messages.generated.ts'
import { schemaOf } from '../duckdb-arrow/schema.ts'
import { binaryArray, numberArray, utf8Array } from '../duckdb-arrow/value-arrays.ts'
import type { Engine } from '../engine/engine.ts'
import type { ParameterValue } from '../engine/prepare.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import type { ArrowTable } from './arrow-table.ts'

const UTF8: DataType = { kind: 'utf8' }

/** Every table and view of the runtime's catalog. DuckDB's own catalogs are nobody's data. */
const TABLES = `
  SELECT table_catalog, table_schema, table_name, table_type
  FROM information_schema.tables
  WHERE table_catalog NOT IN ('system', 'temp', 'memory')`

/** `GetCatalogs`. */
export function catalogs(engine: Engine): ArrowTable {
  return {
    schema: schema([field('catalog_name', UTF8, false)]),
    async read() {
      const rows = await textRows(
        engine,
        `SELECT DISTINCT catalog_name FROM information_schema.schemata
         WHERE catalog_name NOT IN ('system', 'temp', 'memory') ORDER BY 1`,
      )
      return textBatch(rows, 1)
    },
  }
}

/** `GetDbSchemas`, by catalog (exact) and name (LIKE pattern). */
export function dbSchemas(engine: Engine, command: CommandGetDbSchemas): ArrowTable {
  return {
    schema: schema([field('catalog_name', UTF8), field('db_schema_name', UTF8, false)]),
    async read() {
      const filter = new Filter()
      if (command.catalog !== undefined) filter.add('catalog_name =', command.catalog)
      if (command.dbSchemaFilterPattern !== undefined) {
        filter.add('schema_name LIKE', command.dbSchemaFilterPattern)
      }
      const rows = await textRows(
        engine,
        `SELECT catalog_name, schema_name FROM information_schema.schemata
         WHERE catalog_name NOT IN ('system', 'temp', 'memory')
           AND schema_name NOT IN ('information_schema', 'pg_catalog', 'main')${filter.sql} ORDER BY 1, 2`,
        filter.values,
      )
      return textBatch(rows, 2)
    },
  }
}

/** `GetTables`; with `includeSchema` each table's Arrow schema as an IPC message. */
export function tables(context: RuntimeContext, command: CommandGetTables): ArrowTable {
  const { engine } = context
  const fields = [
    field('catalog_name', UTF8),
    field('db_schema_name', UTF8),
    field('table_name', UTF8, false),
    field('table_type', UTF8, false),
  ]
  if (command.includeSchema) fields.push(field('table_schema', { kind: 'binary' }, false))
  return {
    schema: schema(fields),
    async read() {
      const filter = new Filter()
      if (command.catalog !== undefined) filter.add('table_catalog =', command.catalog)
      if (command.dbSchemaFilterPattern !== undefined) {
        filter.add('table_schema LIKE', command.dbSchemaFilterPattern)
      }
      if (command.tableNameFilterPattern !== undefined) {
        filter.add('table_name LIKE', command.tableNameFilterPattern)
      }
      const found = await textRows(engine, `${TABLES}${filter.sql} ORDER BY 1, 2, 3`, filter.values)
      const wanted = new Set(command.tableTypes)
      const rows = wanted.size === 0 ? found : found.filter((row) => wanted.has(row[3]))
      const batch = textBatch(rows, 4)
      if (!command.includeSchema) return batch
      const schemas = await Promise.all(rows.map((row) => describedSchema(context, row.slice(0, 3))))
      return { length: batch.length, columns: [...batch.columns, binaryArray(schemas.map(schemaMessage))] }
    },
  }
}

/** `GetTableTypes`. */
export function tableTypes(): ArrowTable {
  return {
    schema: schema([field('table_type', UTF8, false)]),
    read: async () => textBatch([['BASE TABLE'], ['VIEW']], 1),
  }
}

/** `GetPrimaryKeys`: the runtime reports none, for any table. */
export function primaryKeys(): ArrowTable {
  const int32: DataType = { kind: 'int', bitWidth: 32, signed: true }
  return {
    schema: schema([
      field('catalog_name', UTF8),
      field('db_schema_name', UTF8),
      field('table_name', UTF8, false),
      field('column_name', UTF8, false),
      field('key_name', UTF8),
      field('key_sequence', int32, false),
    ]),
    async read() {
      const { columns } = textBatch([], 5)
      return { length: 0, columns: [...columns, numberArray(new Int32Array(0))] }
    },
  }
}

/** The Arrow schema of a table, given the parts of its name. Throws `EngineError` when there is none. */
export async function tableSchema(engine: Engine, path: readonly string[]): Promise<Schema> {
  const name = path.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
  const { columns } = await engine.describe(`SELECT * FROM ${name}`, { readOnly: true })
  const known = columns as ReadonlyArray<{ name: string; type: DuckDBType }>
  return schemaOf(
    known.map((column) => column.name),
    known.map((column) => column.type),
  )
}

/** A table's schema with what the spicepod says about it and its columns, as metadata `description`. */
export async function describedSchema(context: RuntimeContext, path: readonly string[]): Promise<Schema> {
  const plain = await tableSchema(context.engine, path)
  const described = context.datasets.describe(path)
  if (described === undefined) return plain
  const { description, columns = [] } = described
  const fields = plain.fields.map((field) => {
    const about = columns.find(({ name }) => name === field.name)?.description
    return about === undefined ? field : { ...field, metadata: descriptionOf(about) }
  })
  return { fields, metadata: description === undefined ? plain.metadata : descriptionOf(description) }
}

function descriptionOf(text: string): ReadonlyMap<string, string> {
  return new Map([['description', text]])
}

/** A schema as FlightInfo, SchemaResult and GetTables carry it: an encapsulated IPC message. */
export function schemaMessage(schema: Schema): Uint8Array {
  return Buffer.concat(new IpcStreamFramer(schema).start())
}

/** Conditions and their parameters; the values travel as parameters, never in the SQL. */
class Filter {
  sql = ''
  readonly values: ParameterValue[] = []

  add(condition: string, value: string): void {
    this.values.push({ value, type: VARCHAR })
    this.sql += ` AND ${condition} $${this.values.length}`
  }
}

async function textRows(engine: Engine, sql: string, parameters: readonly ParameterValue[] = []) {
  const result = await engine.execute(sql, { parameters, protocol: 'internal', readOnly: true })
  const rows: string[][] = []
  for await (const chunk of result) rows.push(...(chunk.getRows() as string[][]))
  return rows
}

function textBatch(rows: ReadonlyArray<readonly string[]>, width: number) {
  const columns = Array.from({ length: width }, (_, index) => utf8Array(rows.map((row) => row[index])))
  return { length: rows.length, columns }
}

function schema(fields: Schema['fields']): Schema {
  return { fields, metadata: NO_METADATA }
}
