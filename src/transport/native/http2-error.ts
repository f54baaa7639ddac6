import { ProtocolError, type SidecarError } from '../../errors.ts'

/** HTTP/2 error codes: RFC 9113, section 7. */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const

const NAMES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]))

export function errorCodeName(code: number): string {
  return NAMES.get(code) ?? `error code 0x${code.toString(16)}`
}

/**
 * The peer broke HTTP/2 in a way that ends the connection. Thrown by the protocol code, caught by the
 * connection, which says `code` in a GOAWAY and ends its calls with `reason`.
 */
export class ConnectionViolation extends Error {
  readonly code: number
  readonly reason: SidecarError
  constructor(code: number, reason: SidecarError | string) {
    const error = typeof reason === 'string' ? new ProtocolError(`HTTP/2: ${reason}`) : reason
    super(error.message)
    this.code = code
    this.reason = error
  }
}
