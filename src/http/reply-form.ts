import type { Schema } from '../arrow/schema.ts'
import type { Row } from '../client/result.ts'
import type { JsonCursor } from './json-cursor.ts'
import type { Unit } from './unit-scanner.ts'

/**
 * One form a successful reply can have, read unit by unit. A unit whose bytes have not all come is read
 * again from its start when they have, so a form changes only once it has read one to its end.
 */
export interface ReplyForm {
  /** Null until it is known. */
  readonly schema: Schema | null
  /** What `next` would read. */
  readonly unit: Unit
  /** Whether nothing but white space may follow. */
  readonly closed: boolean
  /**
   * Reads one unit and returns its row, if it is one. Throws `ProtocolError` or `LossyValueError`; when it
   * left the cursor starved, what it did or threw does not count.
   */
  next(cursor: JsonCursor): Row | undefined
  /** Gives rows read earlier the columns that only later ones had. */
  complete(rows: Row[]): void
  /** Nothing follows: what is still to be told about the result, checked and told. */
  end(): void
}
