import { LossyValueError, ProtocolError } from '../../errors.ts'
import { type ArrayData, checkedOffsets, int64Number } from '../array-data.ts'
import { heapBytes, LIST_BYTES, MAP_BYTES, OBJECT_BYTES, SLOT_BYTES } from '../heap-bytes.ts'
import type { ObjectBuilder, RowObject } from '../object-builder.ts'
import type { DataType } from '../schema.ts'
import type { ExpansionBudget, ValueReader } from '../value-reader.ts'

/** Where the elements of a list begin and how many there are. */
export interface ListRanges {
  start(index: number): number
  length(index: number): number
}

export function listRanges(data: ArrayData): ListRanges {
  const { type } = data
  const childLength = data.children[0]!.length
  if (type.kind === 'fixedSizeList') {
    const { size } = type
    return { start: (index) => index * size, length: () => size }
  }
  if (type.kind === 'listView' || type.kind === 'largeListView')
    return new ListViewRanges(data, type.kind === 'largeListView', childLength)
  return new OffsetRanges(checkedOffsets(data, type.kind === 'largeList', childLength))
}

class OffsetRanges implements ListRanges {
  readonly #offsets: Int32Array | Float64Array
  constructor(offsets: Int32Array | Float64Array) {
    this.#offsets = offsets
  }
  start(index: number): number {
    return this.#offsets[index]!
  }
  length(index: number): number {
    return this.#offsets[index + 1]! - this.#offsets[index]!
  }
}

class ListViewRanges implements ListRanges {
  readonly #data: ArrayData
  readonly #wide: boolean
  constructor(data: ArrayData, wide: boolean, childLength: number) {
    this.#data = data
    this.#wide = wide
    for (let i = 0; i < data.length; i++) {
      const start = this.start(i)
      const length = this.length(i)
      if (!data.isNull(i) && (start < 0 || length < 0 || start + length > childLength))
        throw new ProtocolError('Arrow: a list view points outside its elements')
    }
  }
  start(index: number): number {
    return this.#read(this.#data.first, index)
  }
  length(index: number): number {
    return this.#read(this.#data.second, index)
  }
  #read(position: number, index: number): number {
    const { view } = this.#data.body
    return this.#wide ? int64Number(view, position + index * 8) : view.getInt32(position + index * 4, true)
  }
}

/** Lists of every layout. */
export class ListReader implements ValueReader {
  readonly #data: ArrayData
  readonly #ranges: ListRanges
  readonly #child: ValueReader
  readonly #elementBytes: number
  readonly #budget: ExpansionBudget

  constructor(data: ArrayData, child: ValueReader, budget: ExpansionBudget) {
    this.#data = data
    this.#ranges = listRanges(data)
    this.#child = child
    this.#elementBytes = SLOT_BYTES + heapBytes(data.children[0]!.type)
    this.#budget = budget
  }

  get(index: number): unknown[] | null {
    if (this.#data.isNull(index)) return null
    const start = this.#ranges.start(index)
    const length = this.#ranges.length(index)
    this.#budget.spend(LIST_BYTES + length * this.#elementBytes)
    const list: unknown[] = []
    for (let i = start; i < start + length; i++) list.push(this.#child.get(i))
    return list
  }
}

export class StructReader implements ValueReader {
  readonly #data: ArrayData
  readonly #children: readonly ValueReader[]
  readonly #build: ObjectBuilder
  readonly #bytes: number
  readonly #budget: ExpansionBudget

  constructor(
    data: ArrayData,
    children: readonly ValueReader[],
    build: ObjectBuilder,
    budget: ExpansionBudget,
  ) {
    this.#data = data
    this.#children = children
    this.#build = build
    this.#bytes = data.children.reduce((sum, { type }) => sum + SLOT_BYTES + heapBytes(type), OBJECT_BYTES)
    this.#budget = budget
  }

  get(index: number): RowObject | null {
    if (this.#data.isNull(index)) return null
    this.#budget.spend(this.#bytes)
    return this.#build(this.#children, index)
  }
}

/** A `Map`; keys that are objects (instants, structs) compare by identity there, as in any `Map`. */
export class MapReader implements ValueReader {
  readonly #data: ArrayData
  readonly #ranges: ListRanges
  readonly #keys: ValueReader
  readonly #values: ValueReader
  readonly #entryBytes: number
  readonly #budget: ExpansionBudget
  readonly #column: string

  constructor(
    data: ArrayData,
    keys: ValueReader,
    values: ValueReader,
    budget: ExpansionBudget,
    column: string,
  ) {
    this.#data = data
    this.#ranges = listRanges(data)
    this.#keys = keys
    this.#values = values
    const [key, value] = data.children[0]!.children
    this.#entryBytes = 4 * SLOT_BYTES + heapBytes(key!.type) + heapBytes(value!.type)
    this.#budget = budget
    this.#column = column
  }

  get(index: number): Map<unknown, unknown> | null {
    if (this.#data.isNull(index)) return null
    const start = this.#ranges.start(index)
    const length = this.#ranges.length(index)
    this.#budget.spend(MAP_BYTES + length * this.#entryBytes)
    const map = new Map<unknown, unknown>()
    for (let i = start; i < start + length; i++) map.set(this.#keys.get(i), this.#values.get(i))
    if (map.size < length)
      throw new LossyValueError(
        `Column "${this.#column}": a map has the same key twice; select its entries as a list`,
      )
    return map
  }
}

export type UnionType = Extract<DataType, { kind: 'union' }>

/** The child each type id stands for, once every value is known to name one and to lie in it. */
export function checkedChildren(data: ArrayData, { typeIds, mode }: UnionType): Int8Array {
  const childOf = new Int8Array(256).fill(-1)
  typeIds.forEach((id, child) => {
    childOf[id] = child
  })
  for (let i = 0; i < data.length; i++) {
    if (data.isNull(i)) continue
    const child = childOf[data.body.bytes[data.first + i]!]!
    if (child < 0) throw new ProtocolError('Arrow: a union value has a type id its type does not list')
    if (mode === 'sparse') continue
    const offset = data.body.view.getInt32(data.second + i * 4, true)
    if (offset < 0 || offset >= data.children[child]!.length)
      throw new ProtocolError('Arrow: a dense union points outside its child')
  }
  return childOf
}

/** Dense and sparse unions: the plain value of whichever child a row chooses. */
export class UnionReader implements ValueReader {
  readonly #data: ArrayData
  readonly #children: readonly ValueReader[]
  readonly #childOf: Int8Array
  readonly #dense: boolean

  constructor(data: ArrayData, type: UnionType, children: readonly ValueReader[]) {
    this.#data = data
    this.#children = children
    this.#dense = type.mode === 'dense'
    this.#childOf = checkedChildren(data, type)
  }

  get(index: number): unknown {
    const { body, first, second } = this.#data
    if (this.#data.isNull(index)) return null
    const child = this.#childOf[body.bytes[first + index]!]!
    return this.#children[child]!.get(this.#dense ? body.view.getInt32(second + index * 4, true) : index)
  }
}
