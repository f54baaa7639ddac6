import type { EncodedParameters } from '../arrow/parameters.ts'
import { ProtocolError, UnsupportedError } from '../errors.ts'
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
  CommandPreparedStatementUpdate,
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
  return boundHandle(messages) ?? handle
}

/** What became of a prepared statement that changes data. */
export type UpdateOutcome =
  /** It ran; `count` rows were touched, -1 when unknown. */
  | { readonly count: bigint }
  /** The server only bound the parameters, as a Spice runtime does: DoGet of this handle runs it. */
  | { readonly bound: Uint8Array }

/** Binds a prepared statement that changes data, which by the standard runs it. */
export async function executePreparedUpdate(
  session: FlightSession,
  handle: Uint8Array,
  parameters: EncodedParameters,
  options: CollectOptions,
): Promise<UpdateOutcome> {
  const messages = await put(session, CommandPreparedStatementUpdate, handle, parameters, options)
  const bound = boundHandle(messages)
  return bound === null ? { count: updateCount(messages) } : { bound }
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
    const result = resultIn(DoPutUpdateResult, message)
    if (result !== null) return result.recordCount
  }
  return -1n
}

/** The handle in the answers to a bind's DoPut; null when no answer has one. */
function boundHandle(messages: readonly Uint8Array[]): Uint8Array | null {
  for (const message of messages) {
    const handle = resultIn(DoPutPreparedStatementResult, message)?.preparedStatementHandle
    if (handle?.length) return handle
  }
  return null
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
  const requests = [
    encodeFlightData({ descriptor, header: parameters.schemaHeader }),
    encodeFlightData({ header: parameters.batchHeader, body: parameters.batchBody }),
  ]
  const { messages } = await upload(session.transport, DO_PUT, requests, options).catch((error) => {
    throw bindsNothing(error) ?? error
  })
  return messages
}

/**
 * A server that prepares statements but binds nothing to them, as some built on arrow-rs, or a Spice runtime
 * of 2024: that takes every DoPut for an upload to a dataset and misses the dataset's path (spice-contract
 * 3.3). Null for any other failure.
 */
function bindsNothing(error: unknown): UnsupportedError | null {
  if (!(error instanceof RpcError)) return null
  const old = /^No path provided/i.test(error.details)
  if (!old && error.status !== 'UNIMPLEMENTED') return null
  const what = old ? 'This runtime is too old to take' : 'This server does not take'
  const advice = old ? 'Use a newer one, or write the values' : 'Write the values'
  return new UnsupportedError(
    `${what} parameters over Flight (it says: ${error.details}). ${advice} into the statement`,
    { cause: error },
  )
}

/**
 * What one answer to a DoPut says: bare by the standard, in an `Any` from some runtimes. Null when it is of
 * another type. No bytes are a result too: one whose count is 0, or without a handle.
 */
function resultIn<T>(type: MessageType<T>, message: Uint8Array): T | null {
  const { appMetadata } = decode(PutResult, message)
  const any = anyOf(appMetadata)
  if (any === null) return decode(type, appMetadata)
  return anyTypeName(any) === type.typeName ? decode(type, any.value) : null
}

/** The `Any` that bytes are; null for bare bytes, which need not look like one. */
function anyOf(bytes: Uint8Array): Any | null {
  try {
    const any = decode(Any, bytes)
    return /^arrow\.flight\.protocol\./.test(anyTypeName(any)) ? any : null
  } catch {
    return null
  }
}
