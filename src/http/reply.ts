import { isUtf8 } from 'node:buffer'
import { NO_METADATA, type Schema } from '../arrow/schema.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { ResultBatch, Row } from '../client/result.ts'
import { ProtocolError } from '../errors.ts'
import type { HttpResponse } from './http-client.ts'
import { JsonCursor } from './json-cursor.ts'
import { ObjectReader } from './json-readers.ts'
import { BATCH_ROWS, type ReplyReader, RowsBatch } from './rows-batch.ts'
import { readSerdeSchema } from './serde-schema.ts'
import { readUntyped } from './untyped-rows.ts'

/**
 * Tells the forms a reply can have apart by their first byte: old runtimes send every form as text/plain.
 * @param warnings takes what the caller should know about the values
 */
export function readReply(
  response: HttpResponse,
  options: ValueOptions = {},
  warnings: string[] = [],
): ReplyReader {
  const { body, headers } = response
  if (!isUtf8(body)) throw new ProtocolError('The reply is not valid UTF-8')
  const cursor = new JsonCursor(body)
  const first = cursor.peek()
  if (first === 0x7b) return new DocumentReader(cursor, options)
  if (first === 0x5b) return readUntyped(cursor, warnings)
  // A transaction's reply when it has no rows.
  if (first === -1 || (body.length < 32 && /^commit\s*$/i.test(body.toString('utf8')))) return new NoRows()
  const start = JSON.stringify(body.toString('utf8', 0, 60))
  throw new ProtocolError(
    `The reply is no result but ${headers['content-type'] ?? 'of no content type'}: ${start}`,
  )
}

/** `{"row_count": n, "schema": {…}, "data": [rows]}` with its members in any order. */
class DocumentReader implements ReplyReader {
  readonly schema: Schema
  finished = false
  readonly #cursor: JsonCursor
  readonly #rows: ObjectReader
  readonly #rowCount: number | null
  /** Whether members may follow `data` that were not passed over before it was read. */
  readonly #tail: boolean
  #count = 0

  constructor(cursor: JsonCursor, options: ValueOptions) {
    this.#cursor = cursor
    const { schemaBytes, rowCount, data, tail } = findMembers(cursor)
    const { schema, rows } = compiled(schemaBytes, options)
    this.schema = schema
    this.#rows = rows
    this.#rowCount = rowCount
    this.#tail = tail
    cursor.position = data
    cursor.expect(0x5b)
    if (cursor.take(0x5d)) this.#finish()
  }

  next(): ResultBatch | null {
    if (this.finished) return null
    const rows: Row[] = []
    const cursor = this.#cursor
    do {
      rows.push(this.#rows.read(cursor))
      if (!cursor.more(0x5d)) {
        this.#count += rows.length
        this.#finish()
        return new RowsBatch(this.schema, rows)
      }
    } while (rows.length < BATCH_ROWS)
    this.#count += rows.length
    return new RowsBatch(this.schema, rows)
  }

  #finish(): void {
    this.finished = true
    const cursor = this.#cursor
    let rowCount = this.#rowCount
    if (this.#tail) {
      while (cursor.more(0x7d)) {
        const key = cursor.string()
        cursor.expect(0x3a)
        if (key === 'row_count') rowCount = Number(cursor.integer())
        else cursor.skip()
      }
      cursor.finish()
    }
    if (rowCount !== null && rowCount !== this.#count) {
      throw new ProtocolError(`The reply announces ${rowCount} rows but has ${this.#count}`)
    }
  }
}

function findMembers(cursor: JsonCursor) {
  let schemaBytes: Buffer | null = null
  let rowCount: number | null = null
  let data = -1
  let tail = false
  cursor.expect(0x7b)
  if (!cursor.take(0x7d)) {
    do {
      const key = cursor.string()
      cursor.expect(0x3a)
      cursor.peek()
      const start = cursor.position
      if (key === 'row_count') rowCount = Number(cursor.integer())
      else if (key === 'data') {
        data = start
        // With the schema at hand the rows are read in place, and what follows them afterwards.
        tail = schemaBytes !== null
        if (tail) break
        cursor.skip()
      } else {
        if (key !== 'schema' || !cursor.takeBytes(lastSchema)) cursor.skip()
        if (key === 'schema') schemaBytes = cursor.bytes.subarray(start, cursor.position)
      }
    } while (cursor.more(0x7d))
  }
  if (schemaBytes === null || data < 0) {
    throw new ProtocolError(`The reply is JSON but no result: it has no ${data < 0 ? 'data' : 'schema'}`)
  }
  if (!tail) cursor.finish()
  return { schemaBytes, rowCount, data, tail }
}

interface Compiled {
  schema: Schema
  rows: ObjectReader
}

/** Schemas repeat from query to query; the text of one stands for what was made of it. */
const cache = new Map<string, Compiled>()
const CACHED_SCHEMAS = 64

/** The last schema's text: when the next reply has the same one, it need not be scanned for its end. */
let lastSchema: Buffer = Buffer.from('{}')

function compiled(schemaBytes: Buffer, options: ValueOptions): Compiled {
  if (!lastSchema.equals(schemaBytes)) lastSchema = Buffer.from(schemaBytes)
  const schemaText = schemaBytes.toString('utf8')
  const key = `${options.int64 ?? ''} ${options.decimal ?? ''} ${options.timestamp ?? ''} ${schemaText}`
  let entry = cache.get(key)
  if (entry === undefined) {
    let json: unknown
    try {
      json = JSON.parse(schemaText)
    } catch (cause) {
      throw new ProtocolError('The schema of the reply is no JSON', { cause })
    }
    const schema = readSerdeSchema(json)
    entry = { schema, rows: new ObjectReader(schema.fields, options) }
    if (cache.size >= CACHED_SCHEMAS) cache.delete(cache.keys().next().value!)
    cache.set(key, entry)
  }
  return entry
}

class NoRows implements ReplyReader {
  readonly schema: Schema = { fields: [], metadata: NO_METADATA }
  readonly finished = true
  next(): null {
    return null
  }
}
