import { Metadata } from '@grpc/grpc-js'
import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import { Ticket } from '../../flight/messages.generated.ts'
import { decode } from '../../flight/protobuf.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { parseCommand } from './command.ts'
import type { FlightCall, ResponseStream } from './flight-call.ts'
import { flightRequest } from './flight-request.ts'
import type { PreparedStatement } from './prepared-handle.ts'
import { flightDataOf } from './query-result-stream.ts'
import { execute, streamStatement } from './statement-stream.ts'
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
  const wanted = flightRequest(parseCommand(ticket), context)
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
      return streamStatement(context, wanted.statement, wanted.protocol, call, stream, metadata)
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

async function sendAll(stream: ResponseStream, messages: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const message of messages) await stream.write(message)
}
