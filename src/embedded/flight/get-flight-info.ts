import { status } from '@grpc/grpc-js'
import {
  DescriptorType,
  FlightDescriptor,
  FlightInfo,
  SchemaResult,
} from '../../flight/messages.generated.ts'
import { decode, encode } from '../../flight/protobuf.ts'
import { schemaOf } from '../duckdb-arrow/schema.ts'
import { type EngineError, engineErrorFrom } from '../engine/engine-error.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { newTraceId } from '../trace-id.ts'
import { describedSchema, schemaMessage } from './catalog-tables.ts'
import { parseCommand } from './command.ts'
import type { FlightCall } from './flight-call.ts'
import { FlightError, invalidArgument, unimplemented } from './flight-error.ts'
import { type FlightRequest, flightRequest } from './flight-request.ts'
import { traceIdOfCall, wrapTicket } from './traced-ticket.ts'
import { UPDATE_SCHEMA } from './update-result.ts'

const NO_SCHEMA = new Uint8Array(0)

/**
 * Plans what the descriptor asks for, so that its errors show here, and answers with one endpoint without
 * a location: the same server. Counts are not known before the query runs: 0 for SQL text, -1 for commands,
 * as the runtime has it.
 */
export async function getFlightInfo(
  context: RuntimeContext,
  request: Uint8Array,
  call: FlightCall,
): Promise<Uint8Array> {
  const descriptor = decode(FlightDescriptor, request)
  if (descriptor.type !== DescriptorType.CMD) {
    throw unimplemented('GetFlightInfo takes a descriptor of type CMD: SQL or a Flight SQL command')
  }
  const command = parseCommand(descriptor.cmd)
  const wanted = flightRequest(command, context)
  const schema = await plannedSchema(context, wanted, call)
  const traceId = traceIdOfCall(call.requestMetadata) ?? newTraceId()
  const unknownCount = command.kind === 'sql' ? 0n : -1n
  return encode(FlightInfo, {
    schema,
    flightDescriptor: descriptor,
    endpoint: wanted.kind === 'put-only' ? [] : [{ ticket: { ticket: wrapTicket(descriptor.cmd, traceId) } }],
    totalRecords: unknownCount,
    totalBytes: unknownCount,
    appMetadata: Buffer.from(JSON.stringify({ trace_id: traceId })),
  })
}

/** CMD takes SQL as text; PATH a table's name. */
export async function getSchema(
  context: RuntimeContext,
  request: Uint8Array,
  call: FlightCall,
): Promise<Uint8Array> {
  const descriptor = decode(FlightDescriptor, request)
  if (descriptor.type === DescriptorType.CMD) {
    const wanted = flightRequest(parseCommand(descriptor.cmd), context)
    return encode(SchemaResult, { schema: await plannedSchema(context, wanted, call) })
  }
  if (descriptor.type !== DescriptorType.PATH) {
    throw unimplemented('GetSchema takes a descriptor of type CMD or PATH')
  }
  const path = descriptor.path.flatMap((part) => part.split('.'))
  if (path.length === 0 || path.length > 3) throw invalidArgument('The path has to name a table')
  try {
    return encode(SchemaResult, { schema: schemaMessage(await describedSchema(context, path)) })
  } catch (error) {
    if (!isUnknownTable(engineErrorFrom(error))) throw error
    throw new FlightError(status.NOT_FOUND, `Table not found: ${descriptor.path.join('.')}`)
  }
}

async function plannedSchema(
  { engine }: RuntimeContext,
  wanted: FlightRequest,
  call: FlightCall,
): Promise<Uint8Array> {
  if (wanted.kind === 'put-only') return NO_SCHEMA
  if (wanted.kind === 'table') return schemaMessage(wanted.table.schema)
  const { columns } = await engine.describe(wanted.statement.sql, {
    signal: call.signal,
    readOnly: !call.principal.canWrite,
  })
  if (wanted.kind === 'update') return schemaMessage(UPDATE_SCHEMA)
  // Null when the types depend on parameters; a FlightInfo may come without a schema.
  if (columns === null) return NO_SCHEMA
  return schemaMessage(
    schemaOf(
      columns.map((column) => column.name),
      columns.map((column) => column.type),
    ),
  )
}

function isUnknownTable(error: EngineError): boolean {
  return error.kind === 'statement' && /does not exist/.test(error.message)
}
