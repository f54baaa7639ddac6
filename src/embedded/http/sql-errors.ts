import { EngineError, type EngineErrorKind } from '../engine/engine-error.ts'

const STATUS: Readonly<Record<EngineErrorKind, number>> = {
  statement: 400,
  parameters: 400,
  unsupported: 400,
  // Flight says UNAVAILABLE; the runtime's HTTP side has no case of its own for it.
  'not-ready': 400,
  'read-only': 403,
  cancelled: 499,
  overloaded: 503,
  'shutting-down': 503,
  timeout: 504,
}

/** The status of a statement that failed; anything but an `EngineError` is a result that could not be written. */
export function statusOf(error: unknown): number {
  return error instanceof EngineError ? STATUS[error.kind] : 500
}
