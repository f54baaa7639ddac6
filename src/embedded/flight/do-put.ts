import { status } from '@grpc/grpc-js'
import type { FlightDataParts } from '../../flight/flight-data.ts'
import {
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  CommandStatementIngest,
  CommandStatementUpdate,
  DescriptorType,
  DoPutPreparedStatementResult,
  DoPutUpdateResult,
  FlightDescriptor,
  PutResult,
} from '../../flight/messages.generated.ts'
import { decode, encode } from '../../flight/protobuf.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { unauthenticated } from './authentication.ts'
import { bindParameters } from './bind-parameters.ts'
import { parseCommand } from './command.ts'
import type { FlightCall, ResponseStream } from './flight-call.ts'
import { FlightError, invalidArgument, unimplemented } from './flight-error.ts'
import type { Ingestion } from './ingestion.ts'
import { PutStream } from './put-stream.ts'
import { execute } from './statement-stream.ts'

/** Everything that is uploaded: parameters for a prepared statement, statements that write, rows. */
export async function doPut(
  context: RuntimeContext,
  ingestion: Ingestion,
  requests: AsyncIterable<Uint8Array>,
  call: FlightCall,
  stream: ResponseStream,
): Promise<void> {
  const upload = new PutStream(requests, call)
  const first = await upload.next()
  if (first === null || first.descriptor.length === 0) {
    throw invalidArgument('The first message of a DoPut has to carry a descriptor')
  }
  const descriptor = decode(FlightDescriptor, first.descriptor)
  if (descriptor.type === DescriptorType.PATH) {
    requireWriter(context, call)
    await ingestion.append(descriptor.path, first, upload, call.signal)
    return stream.write(encode(PutResult, {}))
  }
  const command = parseCommand(descriptor.cmd)
  if (command.kind === 'sql')
    throw invalidArgument('DoPut takes a path or a Flight SQL command, not SQL text')
  switch (command.typeName) {
    case CommandPreparedStatementQuery.typeName: {
      const { preparedStatementHandle } = decode(CommandPreparedStatementQuery, command.value)
      return stream.write(await boundHandle(context, preparedStatementHandle, first, upload, call))
    }
    case CommandPreparedStatementUpdate.typeName: {
      // Binds only, as in the runtime: the write runs when the new handle is given to DoGet.
      const { preparedStatementHandle } = decode(CommandPreparedStatementUpdate, command.value)
      return stream.write(await boundHandle(context, preparedStatementHandle, first, upload, call))
    }
    case CommandStatementUpdate.typeName: {
      requireWriter(context, call)
      const recordCount = await runUpdate(context, decode(CommandStatementUpdate, command.value).query, call)
      const result = encode(DoPutUpdateResult, { recordCount: BigInt(recordCount) })
      return stream.write(encode(PutResult, { appMetadata: result }))
    }
    case CommandStatementIngest.typeName: {
      requireWriter(context, call)
      const { catalog, schema, table } = decode(CommandStatementIngest, command.value)
      const named = [catalog, schema, table].filter((part) => part !== undefined && part !== '')
      const path = named.length < 3 && descriptor.path.length > 0 ? descriptor.path : named
      await ingestion.append(path as string[], first, upload, call.signal)
      return stream.write(encode(PutResult, {}))
    }
  }
  throw unimplemented(`Unknown command type: ${command.typeName}`)
}

async function boundHandle(
  context: RuntimeContext,
  handle: Uint8Array,
  first: FlightDataParts,
  upload: PutStream,
  call: FlightCall,
): Promise<Uint8Array> {
  const preparedStatementHandle = await bindParameters(context.engine, handle, first, upload, call)
  return encode(PutResult, { appMetadata: encode(DoPutPreparedStatementResult, { preparedStatementHandle }) })
}

/** Writes by DoPut need a key that may write, even from a runtime that asks for none otherwise. */
function requireWriter({ authenticator }: RuntimeContext, { principal }: FlightCall): void {
  if (!authenticator.enabled) {
    throw unauthenticated(
      'Flight DoPut requires authentication: set runtime.auth.api-key in the spicepod, or write with SQL',
    )
  }
  if (!principal.canWrite) {
    throw new FlightError(
      status.PERMISSION_DENIED,
      'Write access denied. The API key does not allow writing: it needs the :rw suffix in the spicepod',
    )
  }
}

/** Rows changed; 0 for a statement that makes a table. */
async function runUpdate(context: RuntimeContext, sql: string, call: FlightCall): Promise<number> {
  const result = await execute(context, { sql, parameters: null }, 'flightsql', call)
  try {
    if (result.rowsChanged === null)
      throw invalidArgument('This statement changes no data: send it with DoGet')
    while ((await result.next()) !== null);
    return result.rowsChanged
  } finally {
    await result.close()
  }
}
