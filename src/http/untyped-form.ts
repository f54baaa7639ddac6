import { type ObjectBuilder, objectBuilder } from '../arrow/object-builder.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../arrow/schema.ts'
import type { Row } from '../client/result.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readInferred, setOwn } from './json-inferred.ts'
import { Slot } from './json-readers.ts'
import type { ReplyForm } from './reply-form.ts'
import type { Unit } from './unit-scanner.ts'

const OPEN_OBJECT = 0x7b
const END_OBJECT = 0x7d
const END_LIST = 0x5d
const COLON = 0x3a

const WARNING =
  'This runtime answered without a schema (it lacks application/vnd.spiceai.sql.v1+json): types are inferred. ' +
  'Dates, times and binary values are text, decimals numbers unless digits would be lost, 64-bit integers ' +
  'numbers up to 2^53 and bigints beyond; NaN and infinities are null. Use Flight for exact types'

/** Where the cursor stands, and what would be read there. */
const UNITS = {
  firstRow: 'mark',
  row: 'row',
  afterRow: 'mark',
  end: 'mark',
} as const satisfies Record<string, Unit>

interface Column {
  name: string
  /** Of the row's property: the name, unless a column of that name came before. */
  key: string
  prefix: Uint8Array
  type: DataType | null
}

/**
 * A bare array of row objects, as runtimes before about mid-2025 send it; the cursor stands behind the opening
 * bracket. They leave out nulls, so the columns are those of all rows together: `complete` gives a row those
 * known by then.
 */
export class UntypedForm implements ReplyForm {
  readonly #warnings: string[]
  #at: keyof typeof UNITS = 'firstRow'
  readonly #columns: Column[] = []
  readonly #keys = new Set<string>()
  readonly #slots: Slot[] = []
  #build: ObjectBuilder | null = null
  #schema: Schema | null = null
  #rowCount = 0
  /** Columns the rows given to `complete` first were known to have. */
  #columnsAtFirst: number | null = null

  constructor(warnings: string[]) {
    this.#warnings = warnings
  }

  get schema(): Schema {
    this.#schema ??= {
      fields: this.#columns.map(({ key, type }) => field(key, type ?? { kind: 'null' })),
      metadata: NO_METADATA,
    }
    return this.#schema
  }

  get unit(): Unit {
    return UNITS[this.#at]
  }

  get closed(): boolean {
    return this.#at === 'end'
  }

  next(cursor: JsonCursor): Row | undefined {
    if (this.#at === 'row') {
      const row = this.#row(cursor)
      this.#at = 'afterRow'
      this.#rowCount++
      return row
    }
    if (this.#at === 'afterRow') this.#at = cursor.more(END_LIST) ? 'row' : 'end'
    else if (cursor.take(END_LIST)) this.#at = 'end'
    else if (!cursor.starved) this.#at = 'row'
    return undefined
  }

  complete(rows: Row[]): void {
    const columns = this.#columns
    this.#columnsAtFirst ??= columns.length
    for (const row of rows) {
      // Columns are only ever added, so what a row lacks are the last ones.
      let known = columns.length
      while (known > 0 && !Object.hasOwn(row, columns[known - 1].key)) known--
      for (; known < columns.length; known++) setOwn(row, columns[known].key, null)
    }
  }

  end(): void {
    if (this.#rowCount > 0) this.#warnings.push(WARNING)
    const again = this.#columns.find(({ name, key }) => name !== key)
    if (again !== undefined) {
      this.#warnings.push(
        `Several columns are named ${JSON.stringify(again.name)}: where one of them is null, the others' values may ` +
          'have moved to it, since such runtimes leave out nulls; name them apart with AS',
      )
    }
    const late = this.#columns.slice(this.#columnsAtFirst ?? this.#columns.length)
    if (late.length === 0) return
    const names = late.slice(0, 10).map(({ key }) => JSON.stringify(key))
    this.#warnings.push(
      `Rows read before the first value of a column came lack it: ${names.join(', ')}${late.length > 10 ? ', …' : ''}`,
    )
  }

  #row(cursor: JsonCursor): Row {
    const slots = this.#slots
    for (const slot of slots) slot.value = undefined
    cursor.expect(OPEN_OBJECT)
    if (!cursor.take(END_OBJECT)) {
      let expected = 0
      do {
        let column = expected
        cursor.peek()
        if (column >= slots.length || !cursor.takeBytes(this.#columns[column].prefix)) {
          column = this.#columnOf(cursor.string(), expected)
          cursor.expect(COLON)
        }
        slots[column].value = readInferred(cursor, 1)
        expected = column + 1
      } while (cursor.more(END_OBJECT))
    }
    for (let i = 0; i < slots.length; i++) this.#widen(this.#columns[i], slots[i].value)
    this.#build ??= objectBuilder(this.#columns.map(({ key }) => key))
    return this.#build(slots, 0)
  }

  /** Columns of the same name are told apart by their order; one not seen before is added. */
  #columnOf(name: string, expected: number): number {
    const columns = this.#columns
    const free = (from: number) => {
      for (let i = from; i < columns.length; i++) {
        if (columns[i].name === name && this.#slots[i].value === undefined) return i
      }
      return -1
    }
    let found = free(expected)
    if (found < 0) found = free(0)
    return found < 0 ? this.#add(name) : found
  }

  #add(name: string): number {
    let key = name
    for (let number = 1; this.#keys.has(key); number++) key = `${name}:${number}`
    this.#keys.add(key)
    this.#slots.push(new Slot())
    this.#build = null
    this.#schema = null
    return this.#columns.push({ name, key, prefix: Buffer.from(`${JSON.stringify(name)}:`), type: null }) - 1
  }

  #widen(column: Column, value: unknown): void {
    const type = widened(column.type, value)
    if (type === column.type) return
    column.type = type
    this.#schema = null
  }
}

const BOOL: DataType = { kind: 'bool' }
const UTF8: DataType = { kind: 'utf8' }
const INT64: DataType = { kind: 'int', bitWidth: 64, signed: true }
const FLOAT64: DataType = { kind: 'float', bitWidth: 64 }

/** The Arrow type for a column of these values, as far as one can be told; mixtures and nesting end as text. */
function widened(type: DataType | null, value: unknown): DataType | null {
  if (value === null || value === undefined) return type
  const own = typeOf(value)
  if (type === null || type === own) return own
  const numeric = (one: DataType) => one === INT64 || one === FLOAT64
  return numeric(type) && numeric(own) ? FLOAT64 : UTF8
}

function typeOf(value: unknown): DataType {
  if (typeof value === 'boolean') return BOOL
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? INT64 : UTF8
  if (typeof value === 'number') return Number.isSafeInteger(value) ? INT64 : FLOAT64
  return UTF8
}
