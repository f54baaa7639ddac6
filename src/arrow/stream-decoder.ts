import { ProtocolError } from '../errors.ts'
import { loadBatch } from './batch-loader.ts'
import { DecodedBatch } from './decoded-batch.ts'
import { Dictionaries } from './dictionaries.ts'
import type { Dictionary } from './dictionary.ts'
import { MESSAGE_DICTIONARY_BATCH, MESSAGE_SCHEMA, readMessage } from './message.ts'
import { knownPlan, planFor, ReadPlan } from './read-plan.ts'
import type { Schema } from './schema.ts'
import { ExpansionBudget } from './value-reader.ts'
import type { ValueOptions } from './values-options.ts'

export interface StreamDecoderOptions {
  /** How values without an exact JavaScript counterpart are represented. */
  values?: ValueOptions
  /**
   * Bytes one batch may decompress or its values expand to, and dictionaries may hold together. Default
   * 512 MiB.
   */
  maxDecompressedBytes?: number
}

const DEFAULT_MAX_DECOMPRESSED_BYTES = 512 * 1024 * 1024
const NO_DICTIONARIES: ReadonlyMap<bigint, Dictionary> = new Map()

/**
 * Decodes one stream of Arrow IPC messages as Flight delivers them: the metadata FlatBuffer and the body
 * apart, without the framing of IPC files. Synchronous and without I/O.
 */
export class StreamDecoder {
  readonly #values: ValueOptions
  readonly #maxBytes: number
  readonly #budget: ExpansionBudget
  /** Made with the first dictionary: most streams have none. */
  #dictionaries: Dictionaries | null = null
  #plan: ReadPlan | null = null

  constructor(options: StreamDecoderOptions = {}) {
    this.#values = options.values ?? {}
    this.#maxBytes = options.maxDecompressedBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES
    this.#budget = new ExpansionBudget(this.#maxBytes)
  }

  /** The schema last received; null before. */
  get schema(): Schema | null {
    return this.#plan?.schema ?? null
  }

  /**
   * Takes one message. Record batches come back; schemas and dictionaries are kept and give null. A schema
   * after the first starts anew and drops the dictionaries. The body's bytes must not change afterwards:
   * batches lie on them.
   * Throws `ProtocolError`, `UnsupportedError` or `LimitError`.
   */
  push(header: Uint8Array, body: Uint8Array): DecodedBatch | null {
    const first = this.#plan === null
    // A stream begins with its schema, which is mostly one seen before: then it need not even be read.
    const known = first ? knownPlan(header, this.#values) : null
    if (known !== null) {
      this.#begin(known)
      return null
    }
    const message = readMessage(header)
    if (message.kind === MESSAGE_SCHEMA) {
      const later = first ? null : knownPlan(header, this.#values)
      this.#begin(later ?? planFor(message, this.#values))
      return null
    }
    if (this.#plan === null) throw new ProtocolError('Arrow: a batch came before the schema')
    if (message.bodyLength > body.length)
      throw new ProtocolError(`Arrow message: ${body.length} of ${message.bodyLength} body bytes arrived`)
    if (message.kind === MESSAGE_DICTIONARY_BATCH) {
      this.#dictionaries ??= new Dictionaries(this.#maxBytes)
      this.#dictionaries.add(this.#plan, message, body)
      return null
    }
    const { schema } = this.#plan
    const { length, columns } = loadBatch(
      message,
      message.header,
      schema.fields,
      body,
      this.#dictionaries?.forBatch() ?? NO_DICTIONARIES,
      this.#maxBytes,
    )
    return new DecodedBatch(this.#plan, length, columns, this.#budget)
  }

  /** Starts anew with a schema that came by other ways than a message, such as an IPC file's footer. */
  useSchema(schema: Schema): void {
    this.#begin(new ReadPlan(schema, this.#values))
  }

  #begin(plan: ReadPlan): void {
    this.#plan = plan
    this.#dictionaries = null
  }
}
