import type { Schema } from '../arrow/schema.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { Row } from '../client/result.ts'
import { ProtocolError } from '../errors.ts'
import { JsonCursor } from './json-cursor.ts'
import { ObjectReader } from './json-readers.ts'
import type { ReplyForm } from './reply-form.ts'
import { readSerdeSchema } from './serde-schema.ts'
import type { Unit } from './unit-scanner.ts'

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_LIST = 0x5b
const END_LIST = 0x5d
const END_OBJECT = 0x7d

/** Where the cursor stands, and what would be read there. */
const UNITS = {
  first: 'mark',
  key: 'key',
  value: 'value',
  afterValue: 'mark',
  firstRow: 'mark',
  row: 'row',
  afterRow: 'mark',
  end: 'mark',
} as const satisfies Record<string, Unit>

/**
 * `{"row_count": n, "schema": {…}, "data": [rows]}` with its members in any order; the cursor stands behind
 * the opening brace. Rows that come before their schema are kept as bytes until it has come.
 */
export class DocumentForm implements ReplyForm {
  readonly #options: ValueOptions
  #at: keyof typeof UNITS = 'first'
  #member = ''
  #compiled: Compiled | null = null
  #rowCount: number | null = null
  #dataSeen = false
  #count = 0
  /** The value of `data` when it came before `schema`. */
  #early: JsonCursor | null = null

  constructor(options: ValueOptions) {
    this.#options = options
  }

  get schema(): Schema | null {
    return this.#compiled?.schema ?? null
  }

  get unit(): Unit {
    // Of the rows, the bracket before them is enough.
    if (this.#at === 'value' && this.#member === 'data' && this.#compiled !== null) return 'mark'
    return UNITS[this.#at]
  }

  get closed(): boolean {
    return this.#at === 'end' && this.#early === null
  }

  next(cursor: JsonCursor): Row | undefined {
    switch (this.#at) {
      case 'row': {
        const row = this.#compiled!.rows.read(cursor)
        this.#at = 'afterRow'
        this.#count++
        return row
      }
      case 'afterRow':
        this.#at = cursor.more(END_LIST) ? 'row' : 'afterValue'
        return
      case 'firstRow':
        if (cursor.take(END_LIST)) this.#at = 'afterValue'
        else if (!cursor.starved) this.#at = 'row'
        return
      case 'key':
        this.#key(cursor)
        return
      case 'value':
        this.#value(cursor)
        return
      case 'afterValue':
        if (cursor.more(END_OBJECT)) this.#at = 'key'
        else this.#close()
        return
      case 'first':
        if (cursor.take(END_OBJECT)) this.#close()
        else if (!cursor.starved) this.#at = 'key'
        return
      case 'end':
        return this.#earlyRow()
    }
  }

  /** Its schema says which columns there are. */
  complete(): void {}

  end(): void {}

  #key(cursor: JsonCursor): void {
    if (cursor.peek() !== QUOTE) throw cursor.unexpected('a key')
    const key = cursor.string()
    cursor.expect(COLON)
    if ((key === 'data' && this.#dataSeen) || (key === 'schema' && this.#compiled !== null)) {
      throw new ProtocolError(`The reply has its ${key} twice`)
    }
    this.#member = key
    this.#at = 'value'
  }

  #value(cursor: JsonCursor): void {
    const { bytes } = cursor
    cursor.peek()
    const start = cursor.position
    switch (this.#member) {
      case 'row_count': {
        const count = Number(cursor.integer())
        if (cursor.starved) return
        this.#rowCount = count
        break
      }
      case 'schema': {
        if (cursor.takeBytes(last.text) && last.options === this.#options) this.#compiled = last
        else {
          cursor.position = start
          cursor.skip()
          if (cursor.starved) return
          this.#compiled = compiled(bytes.subarray(start, cursor.position), this.#options)
        }
        break
      }
      case 'data':
        if (this.#compiled !== null) {
          cursor.expect(OPEN_LIST)
          this.#dataSeen = true
          this.#at = 'firstRow'
          return
        }
        cursor.skip()
        this.#early = new JsonCursor(bytes.subarray(start, cursor.position))
        this.#dataSeen = true
        break
      default:
        cursor.skip()
        // A number may go on.
        if (cursor.starved) return
    }
    this.#at = 'afterValue'
  }

  #close(): void {
    if (this.#compiled === null || !this.#dataSeen) {
      throw new ProtocolError(
        `The reply is JSON but no result: it has no ${this.#dataSeen ? 'schema' : 'data'}`,
      )
    }
    this.#at = 'end'
    if (this.#early !== null) this.#openEarly(this.#early)
    else this.#checkCount()
  }

  #openEarly(early: JsonCursor): void {
    early.expect(OPEN_LIST)
    if (!early.take(END_LIST)) return
    this.#early = null
    this.#checkCount()
  }

  #earlyRow(): Row | undefined {
    const early = this.#early!
    const row = this.#compiled!.rows.read(early)
    this.#count++
    if (!early.more(END_LIST)) {
      this.#early = null
      this.#checkCount()
    }
    return row
  }

  #checkCount(): void {
    if (this.#rowCount !== null && this.#rowCount !== this.#count) {
      throw new ProtocolError(`The reply announces ${this.#rowCount} rows but has ${this.#count}`)
    }
  }
}

/** What was made of a schema for these options. */
interface Compiled {
  text: Buffer
  options: ValueOptions
  schema: Schema
  rows: ObjectReader
}

/** Schemas repeat from query to query; the text of one stands for what was made of it. */
const cache = new Map<string, Compiled>()
const CACHED_SCHEMAS = 64

/** That of the last reply: when the next one has the same text, it need not be scanned for its end. */
let last: Compiled = {
  text: Buffer.from('{}'),
  options: {},
  schema: readSerdeSchema({}),
  rows: new ObjectReader([], {}),
}

function compiled(bytes: Buffer, options: ValueOptions): Compiled {
  const text = bytes.toString('utf8')
  const key = `${options.int64 ?? ''} ${options.decimal ?? ''} ${options.timestamp ?? ''} ${text}`
  let entry = cache.get(key)
  if (entry === undefined) {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch (cause) {
      throw new ProtocolError('The schema of the reply is no JSON', { cause })
    }
    const schema = readSerdeSchema(json)
    entry = { text: Buffer.from(bytes), options, schema, rows: new ObjectReader(schema.fields, options) }
    if (cache.size >= CACHED_SCHEMAS) cache.delete(cache.keys().next().value!)
    cache.set(key, entry)
  }
  // The options are of the same content; as an object they may differ from those it was made for.
  last = entry.options === options ? entry : { ...entry, options }
  return entry
}
