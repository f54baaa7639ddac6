/**
 * Why the engine did not answer a statement:
 * - `statement`: it does not parse, names something unknown, or failed while it ran;
 * - `parameters`: too few, too many, or of a name the statement does not have;
 * - `read-only`: it would change data and may not, because of the key or of the dataset;
 * - `unsupported`: the engine could run it, but this runtime does not allow it;
 * - `not-ready`: it names a dataset whose data is still being loaded;
 * - `overloaded`: memory is exhausted, or too many statements already wait;
 * - `cancelled`, `timeout`, `shutting-down`: it was stopped.
 */
export type EngineErrorKind =
  | 'statement'
  | 'parameters'
  | 'read-only'
  | 'unsupported'
  | 'not-ready'
  | 'overloaded'
  | 'cancelled'
  | 'timeout'
  | 'shutting-down'

/** The one error type of the engine; each protocol maps `kind` to its own status. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind
  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
  override get name(): string {
    return 'EngineError'
  }
}

/** Turns what DuckDB threw into an `EngineError`; DuckDB tells its errors apart only by their first words. */
export function engineErrorFrom(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const message = (error instanceof Error ? error.message : String(error))
    .replace(/^Failed to (?:extract statements|prepare|bind \w+|execute prepared): /, '')
    .trim()
  return new EngineError(kindOf(message), message, { cause: error })
}

function kindOf(message: string): EngineErrorKind {
  if (message.startsWith('INTERRUPT Error')) return 'cancelled'
  if (message.startsWith('Out of Memory Error')) return 'overloaded'
  if (/prepared statement parameters|bind to parameter|bind parameter index/.test(message))
    return 'parameters'
  return 'statement'
}

/** DuckDB's message without the place in the SQL, for SQL the reader has not written. */
export function messageWithoutPlace(error: unknown): string {
  return engineErrorFrom(error).message.split('\n\nLINE ')[0]
}
