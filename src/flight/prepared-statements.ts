import type { EncodedParameters } from '../arrow/parameters.ts'
import { ProtocolError } from '../errors.ts'
import { RpcError } from '../transport/rpc-error.ts'
import { anyTypeName, packAny, unpackAny } from './any.ts'
import { type CollectOptions, collect, DO_ACTION, DO_PUT, upload } from './calls.ts'
import { commandDescriptor } from './commands.ts'
import { encodeFlightData } from './flight-data.ts'
import {
  Action,
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  Any,
  CommandPreparedStatementQuery,
  type CommandPreparedStatementUpdate,
  DoPutPreparedStatementResult,
  DoPutUpdateResult,
  PutResult,
  Result,
} from './messages.generated.ts'
import { decode, encode, type MessageType } from './protobuf.ts'
import type { FlightSession } from './session.ts'

/** The calls of prepared statements, one by one. All reject with the failed call's error. */

export async function createPreparedStatement(
  session: FlightSession,
  sql: string,
  options: CollectOptions,
): Promise<Uint8Array> {
  const body = packAny(ActionCreatePreparedStatementRequest, { query: sql })
  const request = encode(Action, { type: 'CreatePreparedStatement', body })
  const { messages } = await collect(session.transport, DO_ACTION, request, options)
  if (messages.length === 0) throw new ProtocolError('The server prepared a statement but gave no handle')
  const result = unpackAny(ActionCreatePreparedStatementResult, decode(Result, messages[0]).body)
  return result.preparedStatementHandle
}

/** Binds one row of parameters. Returns the handle to use from now on, which may be another one. */
export async function bindParameters(
  session: FlightSession,
  handle: Uint8Array,
  parameters: EncodedParameters,
  options: CollectOptions,
): Promise<Uint8Array> {
  const messages = await put(session, CommandPreparedStatementQuery, handle, parameters, options)
  for (const message of messages) {
    const { appMetadata } = decode(PutResult, message)
    if (appMetadata.length === 0) continue
    const result = unwrapped(DoPutPreparedStatementResult, appMetadata)
    if (result.preparedStatementHandle?.length) return result.preparedStatementHandle
  }
  return handle
}

/** Runs a prepared statement that changes data; returns the number of rows it touched, -1 when unknown. */
export async function executePreparedUpdate(
  session: FlightSession,
  type: MessageType<CommandPreparedStatementUpdate>,
  handle: Uint8Array,
  parameters: EncodedParameters,
  options: CollectOptions,
): Promise<bigint> {
  return updateCount(await put(session, type, handle, parameters, options))
}

export async function closePreparedStatement(
  session: FlightSession,
  handle: Uint8Array,
  options: CollectOptions,
): Promise<void> {
  const body = packAny(ActionClosePreparedStatementRequest, { preparedStatementHandle: handle })
  await collect(
    session.transport,
    DO_ACTION,
    encode(Action, { type: 'ClosePreparedStatement', body }),
    options,
  )
}

/** The count in the answers to an update's DoPut; -1 when no answer has one. */
export function updateCount(messages: readonly Uint8Array[]): bigint {
  for (const message of messages) {
    const { appMetadata } = decode(PutResult, message)
    if (appMetadata.length > 0) return unwrapped(DoPutUpdateResult, appMetadata).recordCount
  }
  return -1n
}

/**
 * Whether a refusal may only mean that the server does not know a handle any more. The codes are those
 * of real servers: INTERNAL is Spice's for a handle it cannot read.
 */
export function isStaleHandle(error: unknown): boolean {
  return (
    error instanceof RpcError &&
    ['INTERNAL', 'INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION', 'UNKNOWN'].includes(error.status)
  )
}

async function put(
  session: FlightSession,
  type: MessageType<{ preparedStatementHandle: Uint8Array }>,
  handle: Uint8Array,
  parameters: EncodedParameters,
  options: CollectOptions,
): Promise<Uint8Array[]> {
  const descriptor = commandDescriptor(type, { preparedStatementHandle: handle })
  const { messages } = await upload(
    session.transport,
    DO_PUT,
    [
      encodeFlightData({ descriptor, header: parameters.schemaHeader }),
      encodeFlightData({ header: parameters.batchHeader, body: parameters.batchBody }),
    ],
    options,
  )
  return messages
}

/** DoPut answers travel bare by the standard, and in an `Any` from some runtimes. */
function unwrapped<T>(type: MessageType<T>, bytes: Uint8Array): T {
  let any: Any | null = null
  try {
    any = decode(Any, bytes)
  } catch {
    // Bare bytes need not look like an Any.
  }
  return decode(type, any !== null && anyTypeName(any) === type.typeName ? any.value : bytes)
}
