import type { DuckDBPreparedStatement, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { PooledConnection } from './connection-pool.ts'
import type { DuckDBModule } from './duckdb.ts'
import { EngineError, engineErrorFrom } from './engine-error.ts'
import { explainedStatement, isBlank, type StatementTarget, statementTarget } from './statement-target.ts'

/** A value for a placeholder and the DuckDB type it is bound as. */
export interface ParameterValue {
  readonly value: DuckDBValue
  readonly type: DuckDBType
}

/** By position for `$1` and `?`, by name (without `$` or `:`) for `$name` and `:name`. */
export type Parameters = readonly ParameterValue[] | ReadonlyMap<string, ParameterValue>

/** What a statement does: `write` changes rows of `target`, `create` makes the table `target`. */
export type StatementKind =
  | { readonly does: 'read' }
  | { readonly does: 'write' | 'create'; readonly target: StatementTarget }

export interface PreparedSql {
  readonly statement: DuckDBPreparedStatement
  readonly kind: StatementKind
}

/** Parses and plans one statement. Throws `EngineError`, also for what this runtime does not run at all. */
export async function prepareStatement(
  duckdb: DuckDBModule,
  pooled: PooledConnection,
  sql: string,
): Promise<PreparedSql> {
  if (isBlank(sql)) throw new EngineError('statement', 'no SQL statement was given')
  if (sql.includes('\0')) throw new EngineError('statement', 'the SQL contains a NUL character')
  try {
    const extracted = await pooled.connection.extractStatements(sql)
    if (extracted.count !== 1) {
      throw new EngineError(
        'unsupported',
        `one statement at a time: this text holds ${extracted.count} (transactions are not supported here)`,
      )
    }
    const statement = await extracted.prepare(0)
    try {
      return { statement, kind: await statementKind(duckdb, pooled, sql, statement) }
    } catch (error) {
      statement.destroySync()
      throw error
    }
  } catch (error) {
    throw engineErrorFrom(error)
  }
}

async function statementKind(
  duckdb: DuckDBModule,
  pooled: PooledConnection,
  sql: string,
  statement: DuckDBPreparedStatement,
): Promise<StatementKind> {
  const { StatementType } = duckdb
  const type = statement.statementType
  switch (type) {
    case StatementType.SELECT:
      return { does: 'read' }
    case StatementType.EXPLAIN: {
      const inner = explainedStatement(sql)
      if (inner === null) break
      const explained = await prepareStatement(duckdb, pooled, inner)
      explained.statement.destroySync()
      return explained.kind
    }
    case StatementType.INSERT:
    case StatementType.UPDATE:
    case StatementType.DELETE:
    case StatementType.MERGE_INTO:
    case StatementType.CREATE: {
      const target = statementTarget(sql)
      if (target) return { does: type === StatementType.CREATE ? 'create' : 'write', target }
    }
  }
  throw new EngineError(
    'unsupported',
    `${StatementType[type] ?? 'such'} statements are not available here; SELECT, EXPLAIN, and INSERT, UPDATE, DELETE, ` +
      'MERGE or CREATE TABLE on datasets with access: read_write are',
  )
}

/** Binds every placeholder. Throws `EngineError` of kind `parameters` when one is missing or left over. */
export function bindParameters(statement: DuckDBPreparedStatement, parameters: Parameters | undefined): void {
  const names = Array.from({ length: statement.parameterCount }, (_, index) =>
    statement.parameterName(index + 1),
  )
  const values = valuesByName(parameters)
  const missing = names.filter((name) => !values.has(name))
  if (missing.length > 0) {
    throw new EngineError(
      'parameters',
      `no value was given for ${missing.map((name) => `$${name}`).join(', ')}`,
    )
  }
  const unused = [...values.keys()].filter((name) => !names.includes(name))
  if (unused.length > 0) {
    throw new EngineError(
      'parameters',
      `the statement has no placeholder for ${unused.map((name) => `$${name}`).join(', ')}`,
    )
  }
  if (names.length === 0) return
  statement.clearBindings()
  names.forEach((name, index) => {
    const { value, type } = values.get(name)!
    try {
      if (value === null) statement.bindNull(index + 1)
      else statement.bindValue(index + 1, value, type)
    } catch (cause) {
      throw new EngineError('parameters', `$${name} cannot be bound: ${engineErrorFrom(cause).message}`, {
        cause,
      })
    }
  })
}

function valuesByName(parameters: Parameters | undefined): ReadonlyMap<string, ParameterValue> {
  if (parameters === undefined) return new Map()
  if (!Array.isArray(parameters)) return parameters as ReadonlyMap<string, ParameterValue>
  return new Map(parameters.map((value, index) => [String(index + 1), value]))
}
