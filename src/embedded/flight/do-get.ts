import { Metadata } from '@grpc/grpc-js'
import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import { Ticket } from '../../flight/messages.generated.ts'
import { decode } from '../../flight/protobuf.ts'
import { recordBatches } from '../duckdb-arrow/batches.ts'
import { mappingsOf, schemaOfMappings } from '../duckdb-arrow/schema.ts'
import type { QueryProtocol } from '../engine/active-queries.ts'
import type { QueryResult } from '../engine/query-result.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { parseCommand } from './command.ts'
import type { FlightCall, ResponseStream } from './flight-call.ts'
import { flightRequest } from './flight-request.ts'
import { boundValues } from './parameter-values.ts'
import type { PreparedStatement } from './prepared-handle.ts'
import { flightDataOf } from './query-result-stream.ts'
import { traceIdOfCall, unwrapTicket } from './traced-ticket.ts'
import { UPDATE_SCHEMA, updateBatch } from './update-result.ts'

/**
 * Runs what the ticket names and streams it. Errors of planning fail the call before its first message;
 * the schema goes out before the first batch is computed; an error while the query runs ends the stream.
 */
export async function doGet(
  context: RuntimeContext,
  request: Uint8Array,
  call: FlightCall,
  stream: ResponseStream,
): Promise<void> {
  const { ticket, traceId } = unwrapTicket(decode(Ticket, request).ticket)
  const wanted = flightRequest(parseCommand(ticket), context.engine)
  const metadata = new Metadata()
  const trace = traceId ?? traceIdOfCall(call.requestMetadata)
  if (trace !== null) metadata.set('spice-trace-id', trace)
  switch (wanted.kind) {
    case 'put-only':
      throw wanted.refusal
    case 'table': {
      const batch = await wanted.table.read()
      call.sendMetadata(metadata)
      return sendAll(stream, flightDataOf(wanted.table.schema, batch.length > 0 ? [batch] : []))
    }
    case 'update': {
      const batch = await runUpdate(context, wanted.statement, call)
      call.sendMetadata(metadata)
      return sendAll(stream, flightDataOf(UPDATE_SCHEMA, [batch]))
    }
    case 'statement':
      return runStatement(context, wanted.statement, wanted.protocol, call, stream, metadata)
  }
}

async function runStatement(
  context: RuntimeContext,
  statement: PreparedStatement,
  protocol: QueryProtocol,
  call: FlightCall,
  stream: ResponseStream,
  metadata: Metadata,
): Promise<void> {
  const result = await execute(context, statement, protocol, call)
  try {
    const mappings = mappingsOf(result.columns.map((column) => column.type))
    const schema = schemaOfMappings(
      result.columns.map((column) => column.name),
      mappings,
    )
    call.sendMetadata(metadata)
    await sendAll(stream, flightDataOf(schema, recordBatches(result, mappings)))
  } finally {
    await result.close()
  }
}

async function runUpdate(
  context: RuntimeContext,
  statement: PreparedStatement,
  call: FlightCall,
): Promise<ColumnBatch> {
  const result = await execute(context, statement, 'flightsql', call)
  try {
    for (let chunk = await result.next(); chunk !== null; ) chunk = await result.next()
    return updateBatch(result.rowsChanged ?? 0)
  } finally {
    await result.close()
  }
}

/** Starts a statement on behalf of the caller. Throws `EngineError`. */
export async function execute(
  { engine }: RuntimeContext,
  { sql, parameters }: PreparedStatement,
  protocol: QueryProtocol,
  call: FlightCall,
): Promise<QueryResult> {
  return engine.execute(sql, {
    ...(parameters === null ? {} : { parameters: boundValues(parameters) }),
    signal: call.signal,
    protocol,
    principal: call.principal.id,
    readOnly: !call.principal.canWrite,
  })
}

async function sendAll(stream: ResponseStream, messages: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const message of messages) await stream.write(message)
}
