import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import { ProtocolError } from '../../errors.ts'
import { ArrowConversionError } from '../duckdb-arrow/conversion-error.ts'
import { EngineError, type EngineErrorKind } from '../engine/engine-error.ts'

/** An answer other than OK: the gRPC status and the words the client gets. */
export class FlightError extends Error {
  readonly code: status
  readonly metadata: Metadata
  constructor(code: status, message: string, metadata = new Metadata()) {
    super(message)
    this.code = code
    this.metadata = metadata
  }
  override get name(): string {
    return 'FlightError'
  }
}

export const invalidArgument = (message: string) => new FlightError(status.INVALID_ARGUMENT, message)
export const unimplemented = (message: string) => new FlightError(status.UNIMPLEMENTED, message)

/** As the newest runtime maps its errors; a statement that fails is the client's fault, never INTERNAL. */
const STATUS_BY_KIND: Readonly<Record<EngineErrorKind, status>> = {
  statement: status.INVALID_ARGUMENT,
  parameters: status.INVALID_ARGUMENT,
  'read-only': status.PERMISSION_DENIED,
  unsupported: status.INVALID_ARGUMENT,
  'not-ready': status.UNAVAILABLE,
  overloaded: status.RESOURCE_EXHAUSTED,
  cancelled: status.CANCELLED,
  timeout: status.DEADLINE_EXCEEDED,
  'shutting-down': status.UNAVAILABLE,
}

const PREFIX_BY_KIND: Partial<Record<EngineErrorKind, string>> = {
  unsupported: 'Unsupported Query. ',
  'read-only': 'Write access denied. ',
}

/** The status an error ends a call with. */
export function statusOf(error: unknown): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const metadata = new Metadata()
  if (error instanceof FlightError) {
    return { code: error.code, details: error.message, metadata: error.metadata }
  }
  if (error instanceof EngineError) {
    return {
      code: STATUS_BY_KIND[error.kind],
      details: (PREFIX_BY_KIND[error.kind] ?? '') + error.message,
      metadata,
    }
  }
  if (error instanceof ArrowConversionError) {
    return { code: status.INVALID_ARGUMENT, details: `Unsupported Query. ${error.message}`, metadata }
  }
  if (error instanceof ProtocolError) {
    return { code: status.INVALID_ARGUMENT, details: error.message, metadata }
  }
  return { code: status.INTERNAL, details: error instanceof Error ? error.message : String(error), metadata }
}
