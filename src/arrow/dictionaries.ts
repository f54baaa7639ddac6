import { LimitError, ProtocolError } from '../errors.ts'
import type { ArrayData } from './array-data.ts'
import { loadBatch } from './batch-loader.ts'
import { Dictionary } from './dictionary.ts'
import type { Message } from './message.ts'
import type { ReadPlan } from './read-plan.ts'
import { field } from './schema.ts'

/** Far above any real nesting of dictionaries. */
const MAX_UNRESOLVED = 1024

/** The dictionaries of one stream as they come, replace each other and grow. */
export class Dictionaries {
  readonly #maxBytes: number
  readonly #byId = new Map<bigint, Dictionary>()
  /** Those that no batch has followed yet. */
  readonly #unused = new Set<bigint>()
  /** Arrays within dictionaries that came before the dictionaries they refer to. */
  #unresolved: ArrayData[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes a dictionary batch. Throws `ProtocolError` or `LimitError`. */
  add(plan: ReadPlan, message: Message, body: Uint8Array): void {
    const { buffer, header } = message
    const id = buffer.bigint64Field(header, 0)
    const type = plan.dictionaryTypes.get(id)
    if (type === undefined)
      throw new ProtocolError(`Arrow: dictionary ${id} belongs to no field of the schema`)
    const table = buffer.table(header, 1)
    if (table === 0) throw new ProtocolError(`Arrow: dictionary ${id} has no data`)
    const fields = [field(`dictionary ${id}`, type)]
    const unresolved: ArrayData[] = []
    const { columns } = loadBatch(message, table, fields, body, this.#byId, this.#maxBytes, unresolved)
    const values = columns[0]!
    const known = this.#byId.get(id)
    const isDelta = buffer.boolean(header, 2)
    if (!isDelta && this.#unused.has(id) && plan.sharedDictionaries.has(id) && !isAgain(known, values))
      throw new ProtocolError(
        `Arrow: dictionary ${id} was sent twice for one batch, as by servers that give all dictionaries one ` +
          'id; have the columns sent as plain text, as by a CAST in the statement',
      )
    this.#unused.add(id)
    this.#bytes -= known?.byteLength ?? 0
    const dictionary = known !== undefined && isDelta ? known : new Dictionary(type)
    if (known !== undefined && known !== dictionary) this.#forget(known)
    this.#byId.set(id, dictionary)
    dictionary.append(values)
    this.#unresolved.push(...unresolved)
    if (this.#unresolved.length > MAX_UNRESOLVED)
      throw new ProtocolError('Arrow: too many dictionaries refer to others that did not come before them')
    this.#bytes += dictionary.byteLength
    if (this.#bytes > this.#maxBytes)
      throw new LimitError(
        `Arrow: dictionaries take more than ${this.#maxBytes} bytes (maxDecompressedBytes)`,
      )
  }

  /** Those the next batch can use: by now all of them have come. Throws `ProtocolError` when one is missing. */
  forBatch(): ReadonlyMap<bigint, Dictionary> {
    this.#unused.clear()
    for (const array of this.#unresolved) {
      const { type } = array
      const dictionary = type.kind === 'dictionary' ? this.#byId.get(type.id) : undefined
      if (dictionary === undefined)
        throw new ProtocolError('Arrow: a dictionary refers to one that was never sent')
      array.refersTo(dictionary)
    }
    if (this.#unresolved.length > 0) this.#unresolved = []
    return this.#byId
  }

  #forget(replaced: Dictionary): void {
    if (this.#unresolved.length === 0) return
    const bodies = new Set(replaced.chunks.map((chunk) => chunk.body))
    this.#unresolved = this.#unresolved.filter((array) => !bodies.has(array.body))
  }
}

/** Whether a dictionary's values came just so before, as for another column that shares them. */
function isAgain(dictionary: Dictionary | undefined, values: ArrayData): boolean {
  const first = dictionary?.chunks[0]
  return first !== undefined && Buffer.compare(first.body.bytes, values.body.bytes) === 0
}
