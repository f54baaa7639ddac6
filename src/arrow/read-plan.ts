import type { Message } from './message.ts'
import { type RowAppender, rowAppender, rowAppenderFromClosures } from './object-builder.ts'
import { readerFactory } from './reader-factory.ts'
import { rowKeys } from './row-keys.ts'
import type { DataType, Field, Schema } from './schema.ts'
import { readSchema } from './schema-message.ts'
import type { ReaderFactory } from './value-reader.ts'
import type { ValueOptions } from './values-options.ts'

/** Rows after which generating a function for a schema has paid for itself. */
const GENERATE_AFTER_ROWS = 64

/** Everything about reading rows of one schema that does not depend on a batch. */
export class ReadPlan {
  readonly schema: Schema
  readonly keys: readonly string[]
  readonly factories: readonly ReaderFactory[]
  /** Value types of the schema's dictionaries, by id. */
  readonly dictionaryTypes: ReadonlyMap<bigint, DataType>
  /** Ids of dictionaries that several fields refer to. */
  readonly sharedDictionaries: ReadonlySet<bigint>
  #append: RowAppender
  #rowsUntilGenerated = GENERATE_AFTER_ROWS

  constructor(schema: Schema, values: ValueOptions) {
    this.schema = schema
    this.keys = rowKeys(schema.fields)
    this.factories = schema.fields.map((field, i) => readerFactory(field.type, values, this.keys[i]!))
    const dictionaryTypes = new Map<bigint, DataType>()
    const shared = new Set<bigint>()
    for (const field of schema.fields) collectDictionaries(field.type, dictionaryTypes, shared)
    this.dictionaryTypes = dictionaryTypes
    this.sharedDictionaries = shared
    this.#append = rowAppenderFromClosures(this.keys)
  }

  /** The row function for `count` more rows. */
  appender(count: number): RowAppender {
    if (this.#rowsUntilGenerated > 0) {
      this.#rowsUntilGenerated -= count
      if (this.#rowsUntilGenerated <= 0) this.#append = rowAppender(this.keys)
    }
    return this.#append
  }
}

/** Schemas seen lately, found again by the bytes of their message. */
const MAX_PLANS = 64
const MAX_SCHEMA_BYTES = 65_536
const plans: Array<{ bytes: Uint8Array; values: ValueOptions; plan: ReadPlan }> = []

/**
 * The plan for a schema message seen before, by its bytes: a repeated query parses no schema and generates
 * no code. Null for one not seen, and for other messages.
 */
export function knownPlan(bytes: Uint8Array, values: ValueOptions): ReadPlan | null {
  for (let i = 0; i < plans.length; i++) {
    const entry = plans[i]!
    if (entry.bytes.length !== bytes.length || !sameChoices(entry.values, values)) continue
    if (Buffer.compare(entry.bytes, bytes) !== 0) continue
    if (i > 0) {
      plans.splice(i, 1)
      plans.unshift(entry)
    }
    return entry.plan
  }
  return null
}

/** The plan for a schema message, known from now on. */
export function planFor(message: Message, values: ValueOptions): ReadPlan {
  const { bytes } = message.buffer
  const plan = new ReadPlan(readSchema(message.buffer, message.header), values)
  if (bytes.length <= MAX_SCHEMA_BYTES) {
    plans.unshift({ bytes: Uint8Array.prototype.slice.call(bytes), values: { ...values }, plan })
    if (plans.length > MAX_PLANS) plans.pop()
  }
  return plan
}

function sameChoices(a: ValueOptions, b: ValueOptions): boolean {
  return a.int64 === b.int64 && a.decimal === b.decimal && a.timestamp === b.timestamp
}

function collectDictionaries(type: DataType, found: Map<bigint, DataType>, shared: Set<bigint>): void {
  switch (type.kind) {
    case 'dictionary':
      if (found.has(type.id)) shared.add(type.id)
      found.set(type.id, type.value)
      collectDictionaries(type.value, found, shared)
      break
    case 'struct':
    case 'union':
      for (const child of type.children) collectDictionaries(child.type, found, shared)
      break
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      collectDictionaries(type.child.type, found, shared)
      break
    case 'map':
      collectDictionaries((type.entries as Field).type, found, shared)
      break
    case 'runEndEncoded':
      collectDictionaries(type.values.type, found, shared)
      break
    default:
  }
}
