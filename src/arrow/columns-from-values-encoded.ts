import { RowValidationError } from '../errors.ts'
import { isDate, isMap } from './any-realm.ts'
import type { ColumnData } from './column-data.ts'
import { halfFloatBits } from './columns-from-values-scalars.ts'
import { halfToNumber } from './readers/number.ts'
import type { DataType, Field } from './schema.ts'
import { field } from './schema.ts'
import { typeName } from './type-name.ts'
import { type ColumnSource, type EncodeColumn, invalidValue, type Locate } from './values-walk.ts'

const NEGATIVE_ZERO = Symbol('-0')

/** A dictionary of the distinct values, in order of appearance, and indices into it. */
export function dictionaryColumn(
  type: Extract<DataType, { kind: 'dictionary' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const seen = new Map<unknown, number>()
  const firstUse: number[] = []
  const indices = values.map((value, i) => {
    if (value === null || value === undefined) return 0
    // A Map does not tell zeros by their sign.
    const key = Object.is(value, -0) ? NEGATIVE_ZERO : value
    let index = seen.get(key)
    if (index === undefined) {
      index = firstUse.length
      seen.set(key, index)
      firstUse.push(i)
    }
    return index
  })
  const distinct = firstUse.map((i) => values[i])
  const dictionary = encode(field('', type.value), distinct, (index) => at(firstUse[index]))
  const column = encode(field('', type.index), indices, (i) => ({
    ...at(i),
    column: `${at(i).column} (more distinct values than its ${typeName(type.index)} dictionary indices count)`,
  }))
  return {
    length: values.length,
    nullCount,
    buffers: [validity, column.buffers[1]],
    children: [],
    dictionary: { type: type.value, values: dictionary },
  }
}

/** One value per run of equal neighbours; objects are equal when they are the same object. */
export function runEndColumn(
  type: Extract<DataType, { kind: 'runEndEncoded' }>,
  { values, at, encode }: ColumnSource,
): ColumnData {
  const starts = values.flatMap((value, i) => (i > 0 && Object.is(value, values[i - 1]) ? [] : [i]))
  const ends = starts.map((_start, run) => starts[run + 1] ?? values.length)
  const runs = starts.map((i) => values[i])
  const children = [
    encode(type.runEnds, ends, (run) => at(starts[run])),
    encode(type.values, runs, (run) => at(starts[run])),
  ]
  return { length: values.length, nullCount: 0, buffers: [], children }
}

/** Each value goes to the child that reads back as the same JavaScript type, else to the first it fits. */
export function unionColumn(
  type: Extract<DataType, { kind: 'union' }>,
  { values, at, encode }: ColumnSource,
): ColumnData {
  const choices = values.map((value, i) => chooseChild(encode, type.children, value, () => at(i)))
  const typeIds = Int8Array.from(choices, (choice) => type.typeIds[choice])
  const buffers = [new Uint8Array(typeIds.buffer)]
  if (type.mode === 'sparse') {
    const children = type.children.map((child, c) =>
      encode(
        { ...child, nullable: true },
        values.map((value, i) => (choices[i] === c ? value : null)),
        at,
      ),
    )
    return { length: values.length, nullCount: 0, buffers, children }
  }
  const rows: number[][] = type.children.map(() => [])
  const offsets = Int32Array.from(choices, (choice, i) => rows[choice].push(i) - 1)
  buffers.push(new Uint8Array(offsets.buffer))
  const children = type.children.map((child, c) =>
    encode(
      child,
      rows[c].map((i) => values[i]),
      (i) => at(rows[c][i]),
    ),
  )
  return { length: values.length, nullCount: 0, buffers, children }
}

function chooseChild(encode: EncodeColumn, children: readonly Field[], value: unknown, at: Locate): number {
  const fitting = children.flatMap((child, i) => (fits(encode, child, value) ? [i] : []))
  if (fitting.length === 0) throw invalidValue(at(0), value, 'fits none of the types of the union')
  const exact = fitting.filter((i) => !rounds(children[i].type, value))
  const natural = exact.filter((i) => isNatural(children[i].type, value))
  return natural.find((i) => !isTextForm(children[i].type)) ?? natural[0] ?? exact[0] ?? fitting[0]
}

/** Whether a value would be rounded to a narrower float. */
function rounds(type: DataType, value: unknown): boolean {
  if (type.kind === 'dictionary') return rounds(type.value, value)
  if (type.kind === 'runEndEncoded') return rounds(type.values.type, value)
  if (type.kind !== 'float' || type.bitWidth === 64 || typeof value !== 'number') return false
  return !Object.is(type.bitWidth === 32 ? Math.fround(value) : halfToNumber(halfFloatBits(value)), value)
}

/** Whether reading a type gives values of this JavaScript type. */
function isNatural(type: DataType, value: unknown): boolean {
  switch (type.kind) {
    case 'dictionary':
      return isNatural(type.value, value)
    case 'runEndEncoded':
      return isNatural(type.values.type, value)
    case 'int':
      return typeof value === (type.bitWidth === 64 ? 'bigint' : 'number') && !Object.is(value, -0)
    case 'float':
      return typeof value === 'number'
    case 'duration':
      return typeof value === 'bigint'
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
    case 'decimal':
    case 'date':
    case 'time':
      return typeof value === 'string'
    case 'timestamp':
      return isDate(value)
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList':
      return Array.isArray(value)
    case 'map':
      return isMap(value)
    default:
      return false
  }
}

/** Whether reading a type gives text that may not be the text that was written: `1.50` for `1.5`. */
function isTextForm(type: DataType): boolean {
  return type.kind === 'decimal' || type.kind === 'date' || type.kind === 'time'
}

function fits(encode: EncodeColumn, child: Field, value: unknown): boolean {
  try {
    encode(child, [value], () => ({ row: 0, column: '' }))
    return true
  } catch (error) {
    if (error instanceof RowValidationError) return false
    throw error
  }
}
