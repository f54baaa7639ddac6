import { status } from '@grpc/grpc-js'
import {
  CommandGetCatalogs,
  CommandGetDbSchemas,
  CommandGetPrimaryKeys,
  CommandGetSqlInfo,
  CommandGetTables,
  CommandGetTableTypes,
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  CommandStatementIngest,
  CommandStatementQuery,
  CommandStatementUpdate,
} from '../../flight/messages.generated.ts'
import { decode } from '../../flight/protobuf.ts'
import type { QueryProtocol } from '../engine/active-queries.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import type { ArrowTable } from './arrow-table.ts'
import { catalogs, dbSchemas, primaryKeys, tables, tableTypes } from './catalog-tables.ts'
import type { Command } from './command.ts'
import { FlightError, invalidArgument, unimplemented } from './flight-error.ts'
import { decodeHandle, type PreparedStatement } from './prepared-handle.ts'
import { sqlInfo } from './sql-info.ts'

/** What a client wants rows of: a statement, or one of the server's own tables. */
export type FlightRequest =
  | { readonly kind: 'statement'; readonly statement: PreparedStatement; readonly protocol: QueryProtocol }
  /** A prepared statement that changes data; its one row is the count of rows affected. */
  | { readonly kind: 'update'; readonly statement: PreparedStatement }
  | { readonly kind: 'table'; readonly table: ArrowTable }
  /** Commands that are executed by DoPut: GetFlightInfo knows them, DoGet refuses them. */
  | { readonly kind: 'put-only'; readonly refusal: FlightError }

const PACKAGE = 'arrow.flight.protocol.sql.'

/** Understood, and not offered by the runtime either. */
const UNIMPLEMENTED = new Set([
  `${PACKAGE}CommandGetExportedKeys`,
  `${PACKAGE}CommandGetImportedKeys`,
  `${PACKAGE}CommandGetCrossReference`,
  `${PACKAGE}CommandGetXdbcTypeInfo`,
  `${PACKAGE}CommandStatementSubstraitPlan`,
])

/** Throws `FlightError` for what cannot be asked for, `ProtocolError` for a message that does not decode. */
export function flightRequest(command: Command, context: RuntimeContext): FlightRequest {
  const { engine } = context
  if (command.kind === 'sql') return statement(command.sql, 'flight')
  const { typeName, value } = command
  switch (typeName) {
    case CommandStatementQuery.typeName:
      return statement(decode(CommandStatementQuery, value).query, 'flightsql')
    case CommandPreparedStatementQuery.typeName: {
      const { preparedStatementHandle } = decode(CommandPreparedStatementQuery, value)
      return {
        kind: 'statement',
        statement: decodeHandle(preparedStatementHandle),
        protocol: 'flightsql',
      }
    }
    case CommandPreparedStatementUpdate.typeName: {
      const { preparedStatementHandle } = decode(CommandPreparedStatementUpdate, value)
      return { kind: 'update', statement: decodeHandle(preparedStatementHandle) }
    }
    case CommandGetCatalogs.typeName:
      return table(catalogs(engine))
    case CommandGetDbSchemas.typeName:
      return table(dbSchemas(engine, decode(CommandGetDbSchemas, value)))
    case CommandGetTables.typeName:
      return table(tables(context, decode(CommandGetTables, value)))
    case CommandGetTableTypes.typeName:
      return table(tableTypes())
    case CommandGetPrimaryKeys.typeName:
      return table(primaryKeys())
    case CommandGetSqlInfo.typeName:
      return table(sqlInfo(decode(CommandGetSqlInfo, value).info))
    case CommandStatementUpdate.typeName:
      return putOnly(invalidArgument('CommandStatementUpdate is executed by DoPut, not by DoGet'))
    case CommandStatementIngest.typeName:
      return putOnly(unimplemented('CommandStatementIngest is executed by DoPut, not by DoGet'))
    case `${PACKAGE}TicketStatementQuery`:
      throw new FlightError(status.INTERNAL, 'This server issues no TicketStatementQuery')
  }
  if (UNIMPLEMENTED.has(typeName)) throw unimplemented(`${typeName} is not supported`)
  if (typeName.startsWith(`${PACKAGE}Action`)) {
    throw invalidArgument(`${typeName} is the body of an action, not a command`)
  }
  throw unimplemented(`Unknown command type: ${typeName}`)
}

function statement(sql: string, protocol: QueryProtocol): FlightRequest {
  return { kind: 'statement', statement: { sql, parameters: null }, protocol }
}

function table(source: ArrowTable): FlightRequest {
  return { kind: 'table', table: source }
}

function putOnly(refusal: FlightError): FlightRequest {
  return { kind: 'put-only', refusal }
}
