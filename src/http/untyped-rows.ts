import { type DataType, field, NO_METADATA, type Schema } from '../arrow/schema.ts'
import type { ResultBatch, Row } from '../client/result.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readMembers, setOwn } from './json-inferred.ts'
import { BATCH_ROWS, type ReplyReader, RowsBatch } from './rows-batch.ts'

const WARNING =
  'This runtime answered without a schema (it lacks application/vnd.spiceai.sql.v1+json): types are inferred. ' +
  'Dates, times and binary values are text, decimals numbers unless digits would be lost, 64-bit integers ' +
  'numbers up to 2^53 and bigints beyond; NaN and infinities are null. Use Flight for exact types'

/**
 * A bare array of row objects, as runtimes before about mid-2025 send it. They leave out nulls, so the
 * columns are those of all rows together, and every row gets all of them.
 */
export function readUntyped(cursor: JsonCursor, warnings: string[]): ReplyReader {
  const columns = new Map<string, DataType | null>()
  const rows: Map<string, unknown>[] = []
  cursor.expect(0x5b)
  if (!cursor.take(0x5d)) {
    do {
      const { keys, values } = readMembers(cursor, 0)
      const row = new Map<string, unknown>()
      for (let i = 0; i < keys.length; i++) {
        row.set(keys[i], values[i])
        columns.set(keys[i], widen(columns.get(keys[i]) ?? null, values[i]))
      }
      rows.push(row)
    } while (cursor.more(0x5d))
  }
  cursor.finish()
  if (rows.length > 0) warnings.push(WARNING)
  const fields = [...columns].map(([name, type]) => field(name, type ?? { kind: 'null' }))
  return new UntypedReader({ fields, metadata: NO_METADATA }, rows)
}

class UntypedReader implements ReplyReader {
  readonly schema: Schema
  readonly #rows: readonly Map<string, unknown>[]
  #next = 0

  constructor(schema: Schema, rows: readonly Map<string, unknown>[]) {
    this.schema = schema
    this.#rows = rows
  }

  get finished(): boolean {
    return this.#next >= this.#rows.length
  }

  next(): ResultBatch | null {
    if (this.finished) return null
    const chunk = this.#rows.slice(this.#next, this.#next + BATCH_ROWS)
    this.#next += chunk.length
    const { fields } = this.schema
    const rows = chunk.map((members) => {
      const row: Row = {}
      for (const { name } of fields) setOwn(row, name, members.get(name) ?? null)
      return row
    })
    return new RowsBatch(this.schema, rows)
  }
}

const UTF8: DataType = { kind: 'utf8' }
const INT64: DataType = { kind: 'int', bitWidth: 64, signed: true }
const FLOAT64: DataType = { kind: 'float', bitWidth: 64 }

/** The Arrow type for a column of these values, as far as one can be told; mixtures and nesting end as text. */
function widen(type: DataType | null, value: unknown): DataType | null {
  if (value === null) return type
  let own: DataType = UTF8
  if (typeof value === 'boolean') own = { kind: 'bool' }
  else if (typeof value === 'bigint') own = INT64
  else if (typeof value === 'number') own = Number.isSafeInteger(value) ? INT64 : FLOAT64
  if (type === null || type.kind === own.kind) return own
  const numeric = (kind: string) => kind === 'int' || kind === 'float'
  return numeric(type.kind) && numeric(own.kind) ? FLOAT64 : UTF8
}
