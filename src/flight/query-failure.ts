import { AuthenticationError, PermissionError, ProtocolError, QueryError, SidecarError } from '../errors.ts'
import { RpcError } from '../transport/rpc-error.ts'

/** The error a failed statement ends with, in the terms of the statement rather than of the call. */
export function queryFailure(error: SidecarError, sql: string, traceId?: string): SidecarError {
  if (!(error instanceof RpcError)) return error
  const access = accessFailure(error)
  if (access !== null) return access
  return new QueryError({
    serverMessage: error.details,
    sql,
    status: error.status,
    transient: error.status === 'UNAVAILABLE' || error.metadata.get('spiceai-retryable') === '1',
    traceId: traceId ?? error.metadata.get('spice-trace-id'),
    unprocessed: error.unprocessed,
    cause: error,
  })
}

/** Refused credentials, or null. Such a request was not run. */
export function accessFailure(error: RpcError): SidecarError | null {
  const words = error.details || 'no reason given'
  if (error.status === 'UNAUTHENTICATED') {
    return new AuthenticationError(
      `The Flight server wants other credentials: ${words}. Give a key as option apiKey or SPICE_API_KEY, or a name and a password as flight.login.`,
      { cause: error },
    )
  }
  if (error.status === 'PERMISSION_DENIED') {
    return new PermissionError(`The Flight server does not allow this: ${words}`, { cause: error })
  }
  return null
}

/**
 * The failure of a later call of a statement that the server may have begun with an earlier one. What the
 * call's error says of itself, that it was not processed, must not be taken for the statement: the error
 * may be that of many calls, so this is a copy.
 */
export function begunFailure(error: SidecarError): SidecarError {
  if (!error.unprocessed) return error
  return Object.create(Object.getPrototypeOf(error), {
    ...Object.getOwnPropertyDescriptors(error),
    stack: { value: error.stack, writable: true, configurable: true },
    unprocessed: { value: false, enumerable: true },
  })
}

/** Whatever was thrown while reading a peer's bytes, as an error of this package. */
export function asSidecarError(thrown: unknown): SidecarError {
  if (thrown instanceof SidecarError) return thrown
  return new ProtocolError(`The result could not be read: ${String(thrown)}`, { cause: thrown })
}
