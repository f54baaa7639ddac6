import { ProtocolError } from '../../errors.ts'
import { type ArrayData, int64Number } from '../array-data.ts'
import type { Dictionary } from '../dictionary.ts'
import { heapBytes, heapBytesOfShared } from '../heap-bytes.ts'
import type { DataType, IntType } from '../schema.ts'
import type { ExpansionBudget, ReaderFactory, ValueReader } from '../value-reader.ts'

type DictionaryType = Extract<DataType, { kind: 'dictionary' }>

/** The indices of a dictionary-encoded array, checked to lie in its dictionary. */
export class DictionaryIndices {
  readonly #view: DataView
  readonly #first: number
  readonly #bytes: number
  readonly #signed: boolean

  constructor(data: ArrayData, index: IntType) {
    this.#view = data.body.view
    this.#first = data.first
    this.#bytes = index.bitWidth / 8
    this.#signed = index.signed
    for (let i = 0; i < data.length; i++) {
      if (data.isNull(i)) continue
      const value = this.at(i)
      if (value < 0 || value >= data.dictionaryLength)
        throw new ProtocolError(
          `Arrow: index ${value} points outside its dictionary of ${data.dictionaryLength} values`,
        )
    }
  }

  at(row: number): number {
    const view = this.#view
    const position = this.#first + row * this.#bytes
    switch (this.#bytes) {
      case 1:
        return this.#signed ? view.getInt8(position) : view.getUint8(position)
      case 2:
        return this.#signed ? view.getInt16(position, true) : view.getUint16(position, true)
      case 4:
        return this.#signed ? view.getInt32(position, true) : view.getUint32(position, true)
      default:
        return int64Number(view, position)
    }
  }
}

/** Dictionary encoding: indices into values sent beforehand. */
export class DictionaryReader implements ValueReader {
  readonly #data: ArrayData
  readonly #dictionary: Dictionary | null
  readonly #indices: DictionaryIndices
  readonly #makeReader: (values: ArrayData) => ValueReader
  readonly #valueBytes: number
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, type: DictionaryType, value: ReaderFactory, budget: ExpansionBudget) {
    this.#data = data
    this.#dictionary = data.dictionary
    this.#indices = new DictionaryIndices(data, type.index)
    this.#makeReader = (chunk) => value(chunk, budget)
    this.#valueBytes = heapBytesOfShared(type.value)
    this.#budget = budget
  }

  get(index: number): unknown {
    if (this.#dictionary === null || this.#data.isNull(index)) return null
    if (this.#valueBytes > 0) this.#budget.spend(this.#valueBytes)
    return this.#dictionary.get(this.#indices.at(index), this.#makeReader)
  }
}

/** Where the runs of a run-end encoded array end, checked to increase and to cover the array. */
export class RunEnds {
  readonly #ends: Float64Array
  /** Rows are mostly read in order: the run last found is where the search begins. */
  #run = 0

  constructor(data: ArrayData) {
    const runs = data.children[0]!
    const { view } = runs.body
    const { bitWidth } = runs.type as IntType
    this.#ends = new Float64Array(runs.length)
    let previous = 0
    for (let i = 0; i < runs.length; i++) {
      const end =
        bitWidth === 16
          ? view.getInt16(runs.first + i * 2, true)
          : bitWidth === 32
            ? view.getInt32(runs.first + i * 4, true)
            : int64Number(view, runs.first + i * 8)
      if (end <= previous || runs.isNull(i)) throw new ProtocolError('Arrow: run ends do not increase')
      this.#ends[i] = end
      previous = end
    }
    if (previous < data.length)
      throw new ProtocolError(`Arrow: runs end at ${previous} in an array of ${data.length} values`)
  }

  /** The run that holds a row. */
  at(index: number): number {
    const ends = this.#ends
    let run = this.#run
    if (run > 0 && index < ends[run - 1]!) run = this.#search(index)
    while (index >= ends[run]!) run++
    this.#run = run
    return run
  }

  /** A run at or before the one that holds `index`. */
  #search(index: number): number {
    let low = 0
    let high = this.#run
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ends[middle]! <= index) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Run-end encoding: each row has the value of its run. */
export class RunEndReader implements ValueReader {
  readonly #runs: RunEnds
  readonly #values: ValueReader
  readonly #valueBytes: number
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, values: ValueReader, budget: ExpansionBudget) {
    this.#runs = new RunEnds(data)
    this.#values = values
    this.#valueBytes = heapBytes(data.children[1]!.type)
    this.#budget = budget
  }

  get(index: number): unknown {
    this.#budget.spend(this.#valueBytes)
    return this.#values.get(this.#runs.at(index))
  }
}
