import { types } from 'node:util'
import { RowValidationError } from '../errors.ts'
import { isDate, isMap } from './any-realm.ts'
import type { ColumnData } from './column-data.ts'
import type { Field } from './schema.ts'
import { quoteValue, UnfitValue } from './unfit-value.ts'

/** Where the value at an index of a column's values came from; asked only when something is wrong. */
export type Locate = (index: number) => { row: number; column: string }

/** One column of a field's type from values; how nested types encode their children. */
export type EncodeColumn = (field: Field, values: readonly unknown[], at: Locate) => ColumnData

/** What the column of a nested or encoded type is made from; `validity` is null when nothing is null. */
export interface ColumnSource {
  readonly values: readonly unknown[]
  readonly nullCount: number
  readonly validity: Uint8Array | null
  readonly at: Locate
  readonly encode: EncodeColumn
}

/** An object whose content is its properties: that of the others would be missed without a word. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    (Object.getPrototypeOf(value) === Object.prototype || !isBuiltIn(value))
  )
}

function isBuiltIn(value: object): boolean {
  return (
    isMap(value) ||
    types.isSet(value) ||
    isDate(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  )
}

/** Reads a property of a row as data: what every object inherits is not there unless the row has it itself. */
export function propertyReader(name: string): (row: unknown) => unknown {
  if (name in Object.prototype) {
    return (row) => (Object.hasOwn(row as object, name) ? (row as Record<string, unknown>)[name] : undefined)
  }
  return (row) => (row as Record<string, unknown>)[name]
}

/** Visits every value that is not null; an `UnfitValue` becomes a `RowValidationError` that says where. */
export function forEachValue(
  values: readonly unknown[],
  at: Locate,
  visit: (value: unknown, index: number) => void,
): void {
  let i = 0
  try {
    for (; i < values.length; i++) {
      const value = values[i]
      if (value !== null && value !== undefined) visit(value, i)
    }
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error
    throw invalidValue(at(i), values[i], error.message)
  }
}

export function invalidValue(
  place: { row: number; column: string },
  value: unknown,
  problem: string,
): RowValidationError {
  return new RowValidationError({ ...place, value }, problem, quoteValue(value))
}
