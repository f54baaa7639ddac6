import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { Schema } from '../../arrow/schema.ts'
import type { Contract } from '../contract.ts'
import { EngineError } from '../engine/engine-error.ts'
import { csvHeader, csvRows } from '../results/csv.ts'
import { schemaJson } from '../results/data-type-json.ts'
import { jsonRows } from '../results/json-rows.ts'
import { textTable } from '../results/text-table.ts'

export const JSON_TYPE = 'application/json'
export const SCHEMA_JSON_TYPE = 'application/vnd.spiceai.sql.v1+json'
export const CSV_TYPE = 'text/csv'
export const PLAIN_TYPE = 'text/plain'

export type SqlFormat = typeof JSON_TYPE | typeof SCHEMA_JSON_TYPE | typeof CSV_TYPE | typeof PLAIN_TYPE

/** The first type of an Accept header that is known, compared as a whole; JSON when there is none. */
export function negotiateFormat(accept: string | undefined, contract: Contract): SqlFormat {
  const known: SqlFormat[] = [JSON_TYPE, CSV_TYPE, PLAIN_TYPE]
  if (contract.schemaMediaType) known.push(SCHEMA_JSON_TYPE)
  for (const item of (accept ?? '').split(',')) {
    const format = known.find((type) => type === item.trim())
    if (format) return format
  }
  return JSON_TYPE
}

/** Turns a result into the body of a response, piece by piece. */
export interface ResultEncoder {
  /** What the batch adds to the body; nothing while the format has to see all batches first. */
  batch(batch: ColumnBatch): Uint8Array
  end(): Uint8Array
}

const NOTHING = new Uint8Array(0)
/** Formats that cannot be streamed are held in memory, and that has to end somewhere. */
const MAX_HELD_BYTES = 512 * 1024 * 1024
const MAX_TABLE_ROWS = 1_000_000

/** Parts of a body that has to be complete before it is sent. */
class HeldPieces {
  readonly pieces: Buffer[] = []
  private bytes = 0

  push(piece: Buffer): void {
    this.bytes += piece.length
    if (this.bytes > MAX_HELD_BYTES) {
      throw new EngineError(
        'overloaded',
        `the result is larger than ${MAX_HELD_BYTES / 1024 ** 2} MiB, which only ${JSON_TYPE} can stream`,
      )
    }
    this.pieces.push(piece)
  }
}

export function resultEncoder(format: SqlFormat, schema: Schema, contract: Contract): ResultEncoder {
  switch (format) {
    case JSON_TYPE:
      return new JsonEncoder(schema, contract)
    case SCHEMA_JSON_TYPE:
      return new SchemaJsonEncoder(schema, contract)
    case CSV_TYPE:
      return new CsvEncoder(schema)
    case PLAIN_TYPE:
      return new TextTableEncoder(schema)
  }
}

/** `[{…},{…}]`, one piece per batch. */
class JsonEncoder implements ResultEncoder {
  private readonly schema: Schema
  private readonly contract: Contract
  private started = false

  constructor(schema: Schema, contract: Contract) {
    this.schema = schema
    this.contract = contract
  }

  batch(batch: ColumnBatch): Uint8Array {
    const opening = this.started ? ',' : '['
    this.started = true
    return Buffer.concat([Buffer.from(opening), jsonRows(this.schema, batch, this.contract)])
  }

  end(): Uint8Array {
    return Buffer.from(this.started ? ']' : '[]')
  }
}

/** The rows with their number and schema before them; a result without a batch has an empty schema. */
class SchemaJsonEncoder implements ResultEncoder {
  private readonly schema: Schema
  private readonly contract: Contract
  private readonly held = new HeldPieces()
  private rows = 0

  constructor(schema: Schema, contract: Contract) {
    this.schema = schema
    this.contract = contract
  }

  batch(batch: ColumnBatch): Uint8Array {
    if (this.rows > 0) this.held.push(Buffer.from(','))
    this.held.push(jsonRows(this.schema, batch, this.contract))
    this.rows += batch.length
    return NOTHING
  }

  end(): Uint8Array {
    const schema = this.rows > 0 ? schemaJson(this.schema) : {}
    const head = `{"row_count":${this.rows},"schema":${JSON.stringify(schema)},"data":[`
    return Buffer.concat([Buffer.from(head), ...this.held.pieces, Buffer.from(']}')])
  }
}

/** A header and a line per row; a result without a batch is empty, without even the header. */
class CsvEncoder implements ResultEncoder {
  private readonly schema: Schema
  private readonly held = new HeldPieces()

  constructor(schema: Schema) {
    this.schema = schema
  }

  batch(batch: ColumnBatch): Uint8Array {
    if (this.held.pieces.length === 0) this.held.push(Buffer.from(csvHeader(this.schema)))
    this.held.push(Buffer.from(csvRows(this.schema, batch)))
    return NOTHING
  }

  end(): Uint8Array {
    return Buffer.concat(this.held.pieces)
  }
}

class TextTableEncoder implements ResultEncoder {
  private readonly schema: Schema
  private readonly batches: ColumnBatch[] = []
  private rows = 0

  constructor(schema: Schema) {
    this.schema = schema
  }

  batch(batch: ColumnBatch): Uint8Array {
    this.rows += batch.length
    if (this.rows > MAX_TABLE_ROWS) {
      throw new EngineError(
        'overloaded',
        `${PLAIN_TYPE} shows at most ${MAX_TABLE_ROWS} rows; ask for ${JSON_TYPE}`,
      )
    }
    this.batches.push(batch)
    return NOTHING
  }

  end(): Uint8Array {
    return Buffer.from(textTable(this.schema, this.batches))
  }
}
