/** A value or a type of DuckDB has no Arrow form; the message says which, and to what it can be cast. */
export class ArrowConversionError extends Error {
  override get name(): string {
    return 'ArrowConversionError'
  }
}
