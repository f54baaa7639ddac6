import { isMap } from './any-realm.ts'
import type { ColumnData } from './column-data.ts'
import { rowKeys } from './row-keys.ts'
import type { DataType } from './schema.ts'
import { UnfitValue } from './unfit-value.ts'
import {
  type ColumnSource,
  type EncodeColumn,
  forEachValue,
  isRecord,
  type Locate,
  propertyReader,
} from './values-walk.ts'

type ListType = Extract<DataType, { child: unknown }>

/** `list`, `largeList` and the two list views. */
export function listColumn(
  type: Exclude<ListType, { kind: 'fixedSizeList' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const items: unknown[] = []
  const starts = new Array<number>(values.length + 1).fill(0)
  forEachValue(values, at, (value, i) => {
    const list = arrayOf(value)
    for (let j = 0; j < list.length; j++) items.push(list[j])
    starts[i + 1] = items.length
  })
  carryOverNulls(starts)
  const child = encode(
    type.child,
    items,
    within(starts, at, (_row, item) => `[${item}]`),
  )
  const large = type.kind === 'largeList' || type.kind === 'largeListView'
  const isView = type.kind === 'listView' || type.kind === 'largeListView'
  const buffers = isView
    ? [offsets(starts.slice(0, -1), large), offsets(sizes(starts), large)]
    : [offsets(starts, large)]
  return {
    length: values.length,
    nullCount,
    buffers: [validity, ...buffers],
    children: [child],
  }
}

export function fixedSizeListColumn(
  type: Extract<DataType, { kind: 'fixedSizeList' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const items = new Array<unknown>(values.length * type.size).fill(FILLER)
  forEachValue(values, at, (value, i) => {
    const list = arrayOf(value)
    if (list.length !== type.size)
      throw new UnfitValue(`has ${list.length} items where the type wants ${type.size}`)
    for (let j = 0; j < type.size; j++) items[i * type.size + j] = list[j]
  })
  const child = filledColumn(encode, type.child, items, (item) => {
    const place = at(Math.floor(item / type.size))
    return { row: place.row, column: `${place.column}[${item % type.size}]` }
  })
  return { length: values.length, nullCount, buffers: [validity], children: [child] }
}

export function structColumn(
  type: Extract<DataType, { kind: 'struct' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const keys = rowKeys(type.children)
  const known = new Set(keys)
  forEachValue(values, at, (value) => {
    if (!isRecord(value)) throw new UnfitValue('is not an object with the properties of the struct')
    for (const name of Object.keys(value)) {
      if (!known.has(name))
        throw new UnfitValue(`has a property ${JSON.stringify(name)} that the struct lacks`)
    }
  })
  const children = type.children.map((child, c) => {
    const read = propertyReader(keys[c])
    const members = values.map((value) => (value === null || value === undefined ? FILLER : read(value)))
    return filledColumn(encode, child, members, (i) => {
      const place = at(i)
      return { row: place.row, column: `${place.column}.${keys[c]}` }
    })
  })
  return { length: values.length, nullCount, buffers: [validity], children }
}

/** A map from a `Map`, an array of pairs or a plain object. */
export function mapColumn(
  type: Extract<DataType, { kind: 'map' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const fields = type.entries.type.kind === 'struct' ? type.entries.type.children : []
  const starts = new Array<number>(values.length + 1).fill(0)
  const keys: unknown[] = []
  const items: unknown[] = []
  forEachValue(values, at, (value, i) => {
    for (const entry of entriesOf(value)) {
      if (!Array.isArray(entry) || entry.length !== 2)
        throw new UnfitValue('has an entry that is no [key, value]')
      keys.push(entry[0])
      items.push(entry[1])
    }
    starts[i + 1] = keys.length
  })
  carryOverNulls(starts)
  const children = [
    encode(
      fields[0],
      keys,
      within(starts, at, (_row, entry) => `[key ${entry}]`),
    ),
    encode(
      fields[1],
      items,
      within(starts, at, (start, entry) => `[${String(keys[start + entry])}]`),
    ),
  ]
  return {
    length: values.length,
    nullCount,
    buffers: [validity, offsets(starts, false)],
    children: [{ length: keys.length, nullCount: 0, buffers: [null], children }],
  }
}

/** Stands under a null of the parent, where any value will do and the child need not be nullable. */
const FILLER = Symbol('filler')

/** A child column in which fillers count as nulls even where the field allows none. */
function filledColumn(
  encode: EncodeColumn,
  field: ListType['child'],
  values: unknown[],
  at: Locate,
): ColumnData {
  const hasFillers = values.includes(FILLER)
  if (!hasFillers) return encode(field, values, at)
  if (!field.nullable) {
    const missing = values.findIndex((value) => value === null || value === undefined)
    if (missing >= 0) encode(field, [values[missing]], () => at(missing))
  }
  const nulls = values.map((value) => (value === FILLER ? null : value))
  return encode({ ...field, nullable: true }, nulls, at)
}

function arrayOf(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value)) return value
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as unknown as ArrayLike<unknown>
  throw new UnfitValue('is not an array')
}

function entriesOf(value: unknown): Iterable<unknown> {
  if (isMap(value) || Array.isArray(value)) return value
  if (isRecord(value)) return Object.entries(value)
  throw new UnfitValue('is neither a Map nor an object nor an array of [key, value]')
}

/** Places items of lists: finds the row whose range holds an item's index. */
function within(
  starts: readonly number[],
  at: Locate,
  describe: (start: number, offset: number) => string,
): Locate {
  return (item) => {
    let row = 0
    while (starts[row + 1] <= item) row++
    const place = at(row)
    return { row: place.row, column: `${place.column}${describe(starts[row], item - starts[row])}` }
  }
}

/** A null is an empty list that ends where it starts. */
function carryOverNulls(starts: number[]): void {
  for (let i = 1; i < starts.length; i++) starts[i] = Math.max(starts[i], starts[i - 1])
}

function offsets(values: readonly number[], large: boolean): Uint8Array {
  const array = large ? BigInt64Array.from(values, BigInt) : Int32Array.from(values)
  return new Uint8Array(array.buffer)
}

function sizes(starts: readonly number[]): number[] {
  return starts.slice(1).map((end, i) => end - starts[i])
}
