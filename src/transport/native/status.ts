import { ConnectionError, ProtocolError, type SidecarError } from '../../errors.ts'
import { GRPC_STATUS, type GrpcStatus, RpcError } from '../rpc-error.ts'
import type { Metadata } from '../transport.ts'
import { ErrorCode, errorCodeName } from './http2-error.ts'
import { decodeStatusMessage, fieldValue, ResponseMetadata } from './metadata.ts'

/** HTTP status to gRPC status, when there is no gRPC status: grpc/doc/http-grpc-status-mapping.md. */
const FROM_HTTP: Readonly<Record<number, GrpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
}

/** RST_STREAM code to gRPC status: "Errors" in the gRPC over HTTP/2 specification. */
const FROM_RESET: Readonly<Record<number, GrpcStatus>> = {
  [ErrorCode.NO_ERROR]: 'INTERNAL',
  [ErrorCode.PROTOCOL_ERROR]: 'INTERNAL',
  [ErrorCode.INTERNAL_ERROR]: 'INTERNAL',
  [ErrorCode.FLOW_CONTROL_ERROR]: 'INTERNAL',
  [ErrorCode.SETTINGS_TIMEOUT]: 'INTERNAL',
  [ErrorCode.FRAME_SIZE_ERROR]: 'INTERNAL',
  [ErrorCode.REFUSED_STREAM]: 'UNAVAILABLE',
  [ErrorCode.CANCEL]: 'CANCELLED',
  [ErrorCode.COMPRESSION_ERROR]: 'INTERNAL',
  [ErrorCode.CONNECT_ERROR]: 'INTERNAL',
  [ErrorCode.ENHANCE_YOUR_CALM]: 'RESOURCE_EXHAUSTED',
  [ErrorCode.INADEQUATE_SECURITY]: 'PERMISSION_DENIED',
}

/** The error that the fields of a stream's last header block stand for, or null for gRPC status OK. */
export function statusError(fields: readonly string[], trailers: Metadata): SidecarError | null {
  const text = fieldValue(fields, 'grpc-status')
  if (text === '0') return null
  if (text === undefined) {
    const httpStatus = fieldValue(fields, ':status')
    if (httpStatus !== undefined && httpStatus !== '200') return httpError(httpStatus, fields)
    return new ProtocolError('gRPC: the response ended without a grpc-status')
  }
  const number = /^\d{1,9}$/.test(text) ? Number(text) : -1
  if (number === 0) return null
  const details = decodeStatusMessage(fieldValue(fields, 'grpc-message') ?? '')
  return new RpcError(GRPC_STATUS[number] ?? 'UNKNOWN', details, trailers)
}

/** A response that is not HTTP 200 and has no gRPC status. */
export function httpError(httpStatus: string | undefined, fields: readonly string[]): SidecarError {
  if (httpStatus === undefined || !/^[2-5]\d\d$/.test(httpStatus)) {
    return new ProtocolError('HTTP/2: a response without a valid :status')
  }
  const status = FROM_HTTP[Number(httpStatus)] ?? 'UNKNOWN'
  return new RpcError(
    status,
    `the peer answered with HTTP status ${httpStatus}`,
    new ResponseMetadata(fields),
  )
}

export function contentTypeError(contentType: string | undefined): ProtocolError | undefined {
  if (contentType === 'application/grpc') return undefined
  if (contentType !== undefined && /^application\/grpc($|[+; ])/i.test(contentType)) return undefined
  const found = contentType === undefined ? 'no content-type' : `content-type ${contentType}`
  return new ProtocolError(`gRPC: a response with ${found}, not application/grpc; is this a Flight server?`)
}

/** @param answered the peer had begun to answer, so that it cannot have refused the call unprocessed */
export function resetError(code: number, answered: boolean): RpcError {
  return new RpcError(
    FROM_RESET[code] ?? 'UNKNOWN',
    `the peer reset the stream: ${errorCodeName(code)}`,
    new ResponseMetadata([]),
    { unprocessed: code === ErrorCode.REFUSED_STREAM && !answered },
  )
}

export function lostError(
  where: string,
  why: string,
  unprocessed: boolean,
  cause?: unknown,
): ConnectionError {
  return new ConnectionError('CONNECTION_LOST', `connection to ${where} lost: ${why}`, { unprocessed, cause })
}
