// Generated from proto/*.proto by scripts/generate-messages.ts: edit those and run `npm run generate`.

import type { MessageType } from './protobuf.ts'

/** `arrow.flight.protocol.HandshakeRequest` */
export interface HandshakeRequest {
  protocolVersion: bigint
  payload: Uint8Array
}
export const HandshakeRequest: MessageType<HandshakeRequest> = {
  typeName: 'arrow.flight.protocol.HandshakeRequest',
  fields: [
    { number: 1, name: 'protocolVersion', rule: 'single', kind: 'uint64' },
    { number: 2, name: 'payload', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.HandshakeResponse` */
export interface HandshakeResponse {
  protocolVersion: bigint
  payload: Uint8Array
}
export const HandshakeResponse: MessageType<HandshakeResponse> = {
  typeName: 'arrow.flight.protocol.HandshakeResponse',
  fields: [
    { number: 1, name: 'protocolVersion', rule: 'single', kind: 'uint64' },
    { number: 2, name: 'payload', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.BasicAuth` */
export interface BasicAuth {
  username: string
  password: string
}
export const BasicAuth: MessageType<BasicAuth> = {
  typeName: 'arrow.flight.protocol.BasicAuth',
  fields: [
    { number: 2, name: 'username', rule: 'single', kind: 'string' },
    { number: 3, name: 'password', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.Empty` */
export type Empty = Record<never, never>
export const Empty: MessageType<Empty> = {
  typeName: 'arrow.flight.protocol.Empty',
  fields: [],
}

/** `arrow.flight.protocol.ActionType` */
export interface ActionType {
  type: string
  description: string
}
export const ActionType: MessageType<ActionType> = {
  typeName: 'arrow.flight.protocol.ActionType',
  fields: [
    { number: 1, name: 'type', rule: 'single', kind: 'string' },
    { number: 2, name: 'description', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.Criteria` */
export interface Criteria {
  expression: Uint8Array
}
export const Criteria: MessageType<Criteria> = {
  typeName: 'arrow.flight.protocol.Criteria',
  fields: [{ number: 1, name: 'expression', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.Action` */
export interface Action {
  type: string
  body: Uint8Array
}
export const Action: MessageType<Action> = {
  typeName: 'arrow.flight.protocol.Action',
  fields: [
    { number: 1, name: 'type', rule: 'single', kind: 'string' },
    { number: 2, name: 'body', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.Result` */
export interface Result {
  body: Uint8Array
}
export const Result: MessageType<Result> = {
  typeName: 'arrow.flight.protocol.Result',
  fields: [{ number: 1, name: 'body', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.SchemaResult` */
export interface SchemaResult {
  schema: Uint8Array
}
export const SchemaResult: MessageType<SchemaResult> = {
  typeName: 'arrow.flight.protocol.SchemaResult',
  fields: [{ number: 1, name: 'schema', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.FlightDescriptor.DescriptorType` */
export const DescriptorType = { UNKNOWN: 0, PATH: 1, CMD: 2 } as const

/** `arrow.flight.protocol.FlightDescriptor` */
export interface FlightDescriptor {
  type: number
  cmd: Uint8Array
  path: string[]
}
export const FlightDescriptor: MessageType<FlightDescriptor> = {
  typeName: 'arrow.flight.protocol.FlightDescriptor',
  fields: [
    { number: 1, name: 'type', rule: 'single', kind: 'enum' },
    { number: 2, name: 'cmd', rule: 'single', kind: 'bytes' },
    { number: 3, name: 'path', rule: 'repeated', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.Ticket` */
export interface Ticket {
  ticket: Uint8Array
}
export const Ticket: MessageType<Ticket> = {
  typeName: 'arrow.flight.protocol.Ticket',
  fields: [{ number: 1, name: 'ticket', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.Location` */
export interface Location {
  uri: string
}
export const Location: MessageType<Location> = {
  typeName: 'arrow.flight.protocol.Location',
  fields: [{ number: 1, name: 'uri', rule: 'single', kind: 'string' }],
}

/** `google.protobuf.Timestamp` */
export interface Timestamp {
  seconds: bigint
  nanos: number
}
export const Timestamp: MessageType<Timestamp> = {
  typeName: 'google.protobuf.Timestamp',
  fields: [
    { number: 1, name: 'seconds', rule: 'single', kind: 'int64' },
    { number: 2, name: 'nanos', rule: 'single', kind: 'int32' },
  ],
}

/** `arrow.flight.protocol.FlightEndpoint` */
export interface FlightEndpoint {
  ticket?: Ticket
  location: Location[]
  expirationTime?: Timestamp
  appMetadata: Uint8Array
}
export const FlightEndpoint: MessageType<FlightEndpoint> = {
  typeName: 'arrow.flight.protocol.FlightEndpoint',
  fields: [
    { number: 1, name: 'ticket', rule: 'single', kind: 'message', message: Ticket },
    { number: 2, name: 'location', rule: 'repeated', kind: 'message', message: Location },
    { number: 3, name: 'expirationTime', rule: 'single', kind: 'message', message: Timestamp },
    { number: 4, name: 'appMetadata', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.FlightInfo` */
export interface FlightInfo {
  schema: Uint8Array
  flightDescriptor?: FlightDescriptor
  endpoint: FlightEndpoint[]
  totalRecords: bigint
  totalBytes: bigint
  ordered: boolean
  appMetadata: Uint8Array
}
export const FlightInfo: MessageType<FlightInfo> = {
  typeName: 'arrow.flight.protocol.FlightInfo',
  fields: [
    { number: 1, name: 'schema', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'flightDescriptor', rule: 'single', kind: 'message', message: FlightDescriptor },
    { number: 3, name: 'endpoint', rule: 'repeated', kind: 'message', message: FlightEndpoint },
    { number: 4, name: 'totalRecords', rule: 'single', kind: 'int64' },
    { number: 5, name: 'totalBytes', rule: 'single', kind: 'int64' },
    { number: 6, name: 'ordered', rule: 'single', kind: 'bool' },
    { number: 7, name: 'appMetadata', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.PollInfo` */
export interface PollInfo {
  info?: FlightInfo
  flightDescriptor?: FlightDescriptor
  progress?: number
  expirationTime?: Timestamp
}
export const PollInfo: MessageType<PollInfo> = {
  typeName: 'arrow.flight.protocol.PollInfo',
  fields: [
    { number: 1, name: 'info', rule: 'single', kind: 'message', message: FlightInfo },
    { number: 2, name: 'flightDescriptor', rule: 'single', kind: 'message', message: FlightDescriptor },
    { number: 3, name: 'progress', rule: 'optional', kind: 'double' },
    { number: 4, name: 'expirationTime', rule: 'single', kind: 'message', message: Timestamp },
  ],
}

/** `arrow.flight.protocol.FlightData` */
export interface FlightData {
  flightDescriptor?: FlightDescriptor
  dataHeader: Uint8Array
  appMetadata: Uint8Array
  dataBody: Uint8Array
}
export const FlightData: MessageType<FlightData> = {
  typeName: 'arrow.flight.protocol.FlightData',
  fields: [
    { number: 1, name: 'flightDescriptor', rule: 'single', kind: 'message', message: FlightDescriptor },
    { number: 2, name: 'dataHeader', rule: 'single', kind: 'bytes' },
    { number: 3, name: 'appMetadata', rule: 'single', kind: 'bytes' },
    { number: 1000, name: 'dataBody', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.PutResult` */
export interface PutResult {
  appMetadata: Uint8Array
}
export const PutResult: MessageType<PutResult> = {
  typeName: 'arrow.flight.protocol.PutResult',
  fields: [{ number: 1, name: 'appMetadata', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.CancelStatus` */
export const CancelStatus = {
  CANCEL_STATUS_UNSPECIFIED: 0,
  CANCEL_STATUS_CANCELLED: 1,
  CANCEL_STATUS_CANCELLING: 2,
  CANCEL_STATUS_NOT_CANCELLABLE: 3,
} as const

/** `arrow.flight.protocol.CancelFlightInfoRequest` */
export interface CancelFlightInfoRequest {
  info?: FlightInfo
}
export const CancelFlightInfoRequest: MessageType<CancelFlightInfoRequest> = {
  typeName: 'arrow.flight.protocol.CancelFlightInfoRequest',
  fields: [{ number: 1, name: 'info', rule: 'single', kind: 'message', message: FlightInfo }],
}

/** `arrow.flight.protocol.CancelFlightInfoResult` */
export interface CancelFlightInfoResult {
  status: number
}
export const CancelFlightInfoResult: MessageType<CancelFlightInfoResult> = {
  typeName: 'arrow.flight.protocol.CancelFlightInfoResult',
  fields: [{ number: 1, name: 'status', rule: 'single', kind: 'enum' }],
}

/** `arrow.flight.protocol.RenewFlightEndpointRequest` */
export interface RenewFlightEndpointRequest {
  endpoint?: FlightEndpoint
}
export const RenewFlightEndpointRequest: MessageType<RenewFlightEndpointRequest> = {
  typeName: 'arrow.flight.protocol.RenewFlightEndpointRequest',
  fields: [{ number: 1, name: 'endpoint', rule: 'single', kind: 'message', message: FlightEndpoint }],
}

/** `arrow.flight.protocol.sql.CommandGetSqlInfo` */
export interface CommandGetSqlInfo {
  info: number[]
}
export const CommandGetSqlInfo: MessageType<CommandGetSqlInfo> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetSqlInfo',
  fields: [{ number: 1, name: 'info', rule: 'repeated', kind: 'uint32' }],
}

/** `arrow.flight.protocol.sql.SqlInfo` */
export const SqlInfo = {
  FLIGHT_SQL_SERVER_NAME: 0,
  FLIGHT_SQL_SERVER_VERSION: 1,
  FLIGHT_SQL_SERVER_ARROW_VERSION: 2,
  FLIGHT_SQL_SERVER_READ_ONLY: 3,
  FLIGHT_SQL_SERVER_SQL: 4,
  FLIGHT_SQL_SERVER_SUBSTRAIT: 5,
  FLIGHT_SQL_SERVER_TRANSACTION: 8,
  FLIGHT_SQL_SERVER_CANCEL: 9,
  FLIGHT_SQL_SERVER_BULK_INGESTION: 10,
} as const

/** `arrow.flight.protocol.sql.CommandGetXdbcTypeInfo` */
export interface CommandGetXdbcTypeInfo {
  dataType?: number
}
export const CommandGetXdbcTypeInfo: MessageType<CommandGetXdbcTypeInfo> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetXdbcTypeInfo',
  fields: [{ number: 1, name: 'dataType', rule: 'optional', kind: 'int32' }],
}

/** `arrow.flight.protocol.sql.CommandGetCatalogs` */
export type CommandGetCatalogs = Record<never, never>
export const CommandGetCatalogs: MessageType<CommandGetCatalogs> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetCatalogs',
  fields: [],
}

/** `arrow.flight.protocol.sql.CommandGetDbSchemas` */
export interface CommandGetDbSchemas {
  catalog?: string
  dbSchemaFilterPattern?: string
}
export const CommandGetDbSchemas: MessageType<CommandGetDbSchemas> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetDbSchemas',
  fields: [
    { number: 1, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'dbSchemaFilterPattern', rule: 'optional', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandGetTables` */
export interface CommandGetTables {
  catalog?: string
  dbSchemaFilterPattern?: string
  tableNameFilterPattern?: string
  tableTypes: string[]
  includeSchema: boolean
}
export const CommandGetTables: MessageType<CommandGetTables> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetTables',
  fields: [
    { number: 1, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'dbSchemaFilterPattern', rule: 'optional', kind: 'string' },
    { number: 3, name: 'tableNameFilterPattern', rule: 'optional', kind: 'string' },
    { number: 4, name: 'tableTypes', rule: 'repeated', kind: 'string' },
    { number: 5, name: 'includeSchema', rule: 'single', kind: 'bool' },
  ],
}

/** `arrow.flight.protocol.sql.CommandGetTableTypes` */
export type CommandGetTableTypes = Record<never, never>
export const CommandGetTableTypes: MessageType<CommandGetTableTypes> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetTableTypes',
  fields: [],
}

/** `arrow.flight.protocol.sql.CommandGetPrimaryKeys` */
export interface CommandGetPrimaryKeys {
  catalog?: string
  dbSchema?: string
  table: string
}
export const CommandGetPrimaryKeys: MessageType<CommandGetPrimaryKeys> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetPrimaryKeys',
  fields: [
    { number: 1, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'dbSchema', rule: 'optional', kind: 'string' },
    { number: 3, name: 'table', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandGetExportedKeys` */
export interface CommandGetExportedKeys {
  catalog?: string
  dbSchema?: string
  table: string
}
export const CommandGetExportedKeys: MessageType<CommandGetExportedKeys> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetExportedKeys',
  fields: [
    { number: 1, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'dbSchema', rule: 'optional', kind: 'string' },
    { number: 3, name: 'table', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandGetImportedKeys` */
export interface CommandGetImportedKeys {
  catalog?: string
  dbSchema?: string
  table: string
}
export const CommandGetImportedKeys: MessageType<CommandGetImportedKeys> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetImportedKeys',
  fields: [
    { number: 1, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'dbSchema', rule: 'optional', kind: 'string' },
    { number: 3, name: 'table', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandGetCrossReference` */
export interface CommandGetCrossReference {
  pkCatalog?: string
  pkDbSchema?: string
  pkTable: string
  fkCatalog?: string
  fkDbSchema?: string
  fkTable: string
}
export const CommandGetCrossReference: MessageType<CommandGetCrossReference> = {
  typeName: 'arrow.flight.protocol.sql.CommandGetCrossReference',
  fields: [
    { number: 1, name: 'pkCatalog', rule: 'optional', kind: 'string' },
    { number: 2, name: 'pkDbSchema', rule: 'optional', kind: 'string' },
    { number: 3, name: 'pkTable', rule: 'single', kind: 'string' },
    { number: 4, name: 'fkCatalog', rule: 'optional', kind: 'string' },
    { number: 5, name: 'fkDbSchema', rule: 'optional', kind: 'string' },
    { number: 6, name: 'fkTable', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandStatementQuery` */
export interface CommandStatementQuery {
  query: string
  transactionId?: Uint8Array
}
export const CommandStatementQuery: MessageType<CommandStatementQuery> = {
  typeName: 'arrow.flight.protocol.sql.CommandStatementQuery',
  fields: [
    { number: 1, name: 'query', rule: 'single', kind: 'string' },
    { number: 2, name: 'transactionId', rule: 'optional', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.sql.SubstraitPlan` */
export interface SubstraitPlan {
  plan: Uint8Array
  version: string
}
export const SubstraitPlan: MessageType<SubstraitPlan> = {
  typeName: 'arrow.flight.protocol.sql.SubstraitPlan',
  fields: [
    { number: 1, name: 'plan', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'version', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.CommandStatementSubstraitPlan` */
export interface CommandStatementSubstraitPlan {
  plan?: SubstraitPlan
  transactionId?: Uint8Array
}
export const CommandStatementSubstraitPlan: MessageType<CommandStatementSubstraitPlan> = {
  typeName: 'arrow.flight.protocol.sql.CommandStatementSubstraitPlan',
  fields: [
    { number: 1, name: 'plan', rule: 'single', kind: 'message', message: SubstraitPlan },
    { number: 2, name: 'transactionId', rule: 'optional', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.sql.TicketStatementQuery` */
export interface TicketStatementQuery {
  statementHandle: Uint8Array
}
export const TicketStatementQuery: MessageType<TicketStatementQuery> = {
  typeName: 'arrow.flight.protocol.sql.TicketStatementQuery',
  fields: [{ number: 1, name: 'statementHandle', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.CommandStatementUpdate` */
export interface CommandStatementUpdate {
  query: string
  transactionId?: Uint8Array
}
export const CommandStatementUpdate: MessageType<CommandStatementUpdate> = {
  typeName: 'arrow.flight.protocol.sql.CommandStatementUpdate',
  fields: [
    { number: 1, name: 'query', rule: 'single', kind: 'string' },
    { number: 2, name: 'transactionId', rule: 'optional', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.sql.CommandPreparedStatementQuery` */
export interface CommandPreparedStatementQuery {
  preparedStatementHandle: Uint8Array
}
export const CommandPreparedStatementQuery: MessageType<CommandPreparedStatementQuery> = {
  typeName: 'arrow.flight.protocol.sql.CommandPreparedStatementQuery',
  fields: [{ number: 1, name: 'preparedStatementHandle', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.CommandPreparedStatementUpdate` */
export interface CommandPreparedStatementUpdate {
  preparedStatementHandle: Uint8Array
}
export const CommandPreparedStatementUpdate: MessageType<CommandPreparedStatementUpdate> = {
  typeName: 'arrow.flight.protocol.sql.CommandPreparedStatementUpdate',
  fields: [{ number: 1, name: 'preparedStatementHandle', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.CommandStatementIngest.TableDefinitionOptions.TableNotExistOption` */
export const TableNotExistOption = {
  TABLE_NOT_EXIST_OPTION_UNSPECIFIED: 0,
  TABLE_NOT_EXIST_OPTION_CREATE: 1,
  TABLE_NOT_EXIST_OPTION_FAIL: 2,
} as const

/** `arrow.flight.protocol.sql.CommandStatementIngest.TableDefinitionOptions.TableExistsOption` */
export const TableExistsOption = {
  TABLE_EXISTS_OPTION_UNSPECIFIED: 0,
  TABLE_EXISTS_OPTION_FAIL: 1,
  TABLE_EXISTS_OPTION_APPEND: 2,
  TABLE_EXISTS_OPTION_REPLACE: 3,
} as const

/** `arrow.flight.protocol.sql.CommandStatementIngest.TableDefinitionOptions` */
export interface TableDefinitionOptions {
  ifNotExist: number
  ifExists: number
}
export const TableDefinitionOptions: MessageType<TableDefinitionOptions> = {
  typeName: 'arrow.flight.protocol.sql.CommandStatementIngest.TableDefinitionOptions',
  fields: [
    { number: 1, name: 'ifNotExist', rule: 'single', kind: 'enum' },
    { number: 2, name: 'ifExists', rule: 'single', kind: 'enum' },
  ],
}

/** `arrow.flight.protocol.sql.CommandStatementIngest` */
export interface CommandStatementIngest {
  tableDefinitionOptions?: TableDefinitionOptions
  table: string
  schema?: string
  catalog?: string
  temporary: boolean
  transactionId?: Uint8Array
  options: Map<string, string>
}
export const CommandStatementIngest: MessageType<CommandStatementIngest> = {
  typeName: 'arrow.flight.protocol.sql.CommandStatementIngest',
  fields: [
    {
      number: 1,
      name: 'tableDefinitionOptions',
      rule: 'single',
      kind: 'message',
      message: TableDefinitionOptions,
    },
    { number: 2, name: 'table', rule: 'single', kind: 'string' },
    { number: 3, name: 'schema', rule: 'optional', kind: 'string' },
    { number: 4, name: 'catalog', rule: 'optional', kind: 'string' },
    { number: 5, name: 'temporary', rule: 'single', kind: 'bool' },
    { number: 6, name: 'transactionId', rule: 'optional', kind: 'bytes' },
    { number: 1000, name: 'options', rule: 'map', kind: 'map' },
  ],
}

/** `arrow.flight.protocol.sql.DoPutUpdateResult` */
export interface DoPutUpdateResult {
  recordCount: bigint
}
export const DoPutUpdateResult: MessageType<DoPutUpdateResult> = {
  typeName: 'arrow.flight.protocol.sql.DoPutUpdateResult',
  fields: [{ number: 1, name: 'recordCount', rule: 'single', kind: 'int64' }],
}

/** `arrow.flight.protocol.sql.DoPutPreparedStatementResult` */
export interface DoPutPreparedStatementResult {
  preparedStatementHandle?: Uint8Array
}
export const DoPutPreparedStatementResult: MessageType<DoPutPreparedStatementResult> = {
  typeName: 'arrow.flight.protocol.sql.DoPutPreparedStatementResult',
  fields: [{ number: 1, name: 'preparedStatementHandle', rule: 'optional', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.ActionCreatePreparedStatementRequest` */
export interface ActionCreatePreparedStatementRequest {
  query: string
  transactionId?: Uint8Array
}
export const ActionCreatePreparedStatementRequest: MessageType<ActionCreatePreparedStatementRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionCreatePreparedStatementRequest',
  fields: [
    { number: 1, name: 'query', rule: 'single', kind: 'string' },
    { number: 2, name: 'transactionId', rule: 'optional', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.sql.ActionCreatePreparedSubstraitPlanRequest` */
export interface ActionCreatePreparedSubstraitPlanRequest {
  plan?: SubstraitPlan
  transactionId?: Uint8Array
}
export const ActionCreatePreparedSubstraitPlanRequest: MessageType<ActionCreatePreparedSubstraitPlanRequest> =
  {
    typeName: 'arrow.flight.protocol.sql.ActionCreatePreparedSubstraitPlanRequest',
    fields: [
      { number: 1, name: 'plan', rule: 'single', kind: 'message', message: SubstraitPlan },
      { number: 2, name: 'transactionId', rule: 'optional', kind: 'bytes' },
    ],
  }

/** `arrow.flight.protocol.sql.ActionCreatePreparedStatementResult` */
export interface ActionCreatePreparedStatementResult {
  preparedStatementHandle: Uint8Array
  datasetSchema: Uint8Array
  parameterSchema: Uint8Array
}
export const ActionCreatePreparedStatementResult: MessageType<ActionCreatePreparedStatementResult> = {
  typeName: 'arrow.flight.protocol.sql.ActionCreatePreparedStatementResult',
  fields: [
    { number: 1, name: 'preparedStatementHandle', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'datasetSchema', rule: 'single', kind: 'bytes' },
    { number: 3, name: 'parameterSchema', rule: 'single', kind: 'bytes' },
  ],
}

/** `arrow.flight.protocol.sql.ActionClosePreparedStatementRequest` */
export interface ActionClosePreparedStatementRequest {
  preparedStatementHandle: Uint8Array
}
export const ActionClosePreparedStatementRequest: MessageType<ActionClosePreparedStatementRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionClosePreparedStatementRequest',
  fields: [{ number: 1, name: 'preparedStatementHandle', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.ActionBeginTransactionRequest` */
export type ActionBeginTransactionRequest = Record<never, never>
export const ActionBeginTransactionRequest: MessageType<ActionBeginTransactionRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionBeginTransactionRequest',
  fields: [],
}

/** `arrow.flight.protocol.sql.ActionBeginTransactionResult` */
export interface ActionBeginTransactionResult {
  transactionId: Uint8Array
}
export const ActionBeginTransactionResult: MessageType<ActionBeginTransactionResult> = {
  typeName: 'arrow.flight.protocol.sql.ActionBeginTransactionResult',
  fields: [{ number: 1, name: 'transactionId', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.ActionEndTransactionRequest.EndTransaction` */
export const EndTransaction = {
  END_TRANSACTION_UNSPECIFIED: 0,
  END_TRANSACTION_COMMIT: 1,
  END_TRANSACTION_ROLLBACK: 2,
} as const

/** `arrow.flight.protocol.sql.ActionEndTransactionRequest` */
export interface ActionEndTransactionRequest {
  transactionId: Uint8Array
  action: number
}
export const ActionEndTransactionRequest: MessageType<ActionEndTransactionRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionEndTransactionRequest',
  fields: [
    { number: 1, name: 'transactionId', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'action', rule: 'single', kind: 'enum' },
  ],
}

/** `arrow.flight.protocol.sql.ActionBeginSavepointRequest` */
export interface ActionBeginSavepointRequest {
  transactionId: Uint8Array
  name: string
}
export const ActionBeginSavepointRequest: MessageType<ActionBeginSavepointRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionBeginSavepointRequest',
  fields: [
    { number: 1, name: 'transactionId', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'name', rule: 'single', kind: 'string' },
  ],
}

/** `arrow.flight.protocol.sql.ActionBeginSavepointResult` */
export interface ActionBeginSavepointResult {
  savepointId: Uint8Array
}
export const ActionBeginSavepointResult: MessageType<ActionBeginSavepointResult> = {
  typeName: 'arrow.flight.protocol.sql.ActionBeginSavepointResult',
  fields: [{ number: 1, name: 'savepointId', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.ActionEndSavepointRequest.EndSavepoint` */
export const EndSavepoint = {
  END_SAVEPOINT_UNSPECIFIED: 0,
  END_SAVEPOINT_RELEASE: 1,
  END_SAVEPOINT_ROLLBACK: 2,
} as const

/** `arrow.flight.protocol.sql.ActionEndSavepointRequest` */
export interface ActionEndSavepointRequest {
  savepointId: Uint8Array
  action: number
}
export const ActionEndSavepointRequest: MessageType<ActionEndSavepointRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionEndSavepointRequest',
  fields: [
    { number: 1, name: 'savepointId', rule: 'single', kind: 'bytes' },
    { number: 2, name: 'action', rule: 'single', kind: 'enum' },
  ],
}

/** `arrow.flight.protocol.sql.ActionCancelQueryRequest` */
export interface ActionCancelQueryRequest {
  info: Uint8Array
}
export const ActionCancelQueryRequest: MessageType<ActionCancelQueryRequest> = {
  typeName: 'arrow.flight.protocol.sql.ActionCancelQueryRequest',
  fields: [{ number: 1, name: 'info', rule: 'single', kind: 'bytes' }],
}

/** `arrow.flight.protocol.sql.ActionCancelQueryResult.CancelResult` */
export const CancelResult = {
  CANCEL_RESULT_UNSPECIFIED: 0,
  CANCEL_RESULT_CANCELLED: 1,
  CANCEL_RESULT_CANCELLING: 2,
  CANCEL_RESULT_NOT_CANCELLABLE: 3,
} as const

/** `arrow.flight.protocol.sql.ActionCancelQueryResult` */
export interface ActionCancelQueryResult {
  result: number
}
export const ActionCancelQueryResult: MessageType<ActionCancelQueryResult> = {
  typeName: 'arrow.flight.protocol.sql.ActionCancelQueryResult',
  fields: [{ number: 1, name: 'result', rule: 'single', kind: 'enum' }],
}

/** `google.protobuf.Any` */
export interface Any {
  typeUrl: string
  value: Uint8Array
}
export const Any: MessageType<Any> = {
  typeName: 'google.protobuf.Any',
  fields: [
    { number: 1, name: 'typeUrl', rule: 'single', kind: 'string' },
    { number: 2, name: 'value', rule: 'single', kind: 'bytes' },
  ],
}
