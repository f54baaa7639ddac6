import { SidecarError } from '../errors.ts'
import type { Metadata } from './transport.ts'

/** gRPC status codes by number, from the gRPC status code list. */
export const GRPC_STATUS = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export type GrpcStatus = (typeof GRPC_STATUS)[number]

/** The peer ended a call with a gRPC status other than OK (or with an HTTP status that stands for one). */
export class RpcError extends SidecarError {
  readonly status: GrpcStatus
  /** The peer's own words, percent-decoded. */
  readonly details: string
  /** Trailing metadata, `grpc-status-details-bin` included when the peer sent it. */
  readonly metadata: Metadata
  constructor(
    status: GrpcStatus,
    details: string,
    metadata: Metadata,
    options: { cause?: unknown; unprocessed?: boolean } = {},
  ) {
    super('RPC_FAILED', `${status}: ${details || 'no message'}`, options)
    this.status = status
    this.details = details
    this.metadata = metadata
  }
}
