import { RowValidationError } from '../errors.ts'
import type { ColumnData } from './column-data.ts'
import type { DataType, Field } from './schema.ts'
import { field } from './schema.ts'
import { typeName } from './type-name.ts'
import { type ColumnSource, type EncodeColumn, invalidValue, type Locate } from './values-walk.ts'

/** A dictionary of the distinct values, in order of appearance, and indices into it. */
export function dictionaryColumn(
  type: Extract<DataType, { kind: 'dictionary' }>,
  { values, nullCount, validity, at, encode }: ColumnSource,
): ColumnData {
  const seen = new Map<unknown, number>()
  const firstUse: number[] = []
  const indices = values.map((value, i) => {
    if (value === null || value === undefined) return 0
    let index = seen.get(value)
    if (index === undefined) {
      index = firstUse.length
      seen.set(value, index)
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
  return fitting.find((i) => NATURAL_KINDS[typeof value]?.includes(children[i].type.kind)) ?? fitting[0]
}

const NATURAL_KINDS: Partial<Record<string, ReadonlyArray<DataType['kind']>>> = {
  string: ['utf8', 'largeUtf8', 'utf8View'],
  number: ['int', 'float'],
  bigint: ['int'],
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
