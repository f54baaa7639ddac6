import { quoteValue } from '../arrow/unfit-value.ts'
import { OptionsError, RowValidationError, UnsupportedError } from '../errors.ts'
import type { Row } from './result.ts'

/**
 * What validation libraries share (standardschema.dev, version 1); zod, valibot and arktype schemas are
 * of this shape, so none of them is needed here.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => ValidationResult<Output> | Promise<ValidationResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type ValidationResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly ValidationIssue[] }

export interface ValidationIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** The rows a schema makes. */
export type RowOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** Makes of rows what a query gives; `first` is the index of the first of them within the result. */
export type RowConverter<T> = (rows: Row[], first: number) => T[]

/**
 * Validates rows one by one and gives what the schema makes of them. The converter throws `RowValidationError` for the first row that does not fit and
 * `UnsupportedError` for a schema that validates asynchronously; this function `OptionsError` for
 * something that is no schema.
 */
export function rowValidator<S extends StandardSchema>(schema: S): RowConverter<RowOf<S>> {
  const standard = (schema as Partial<StandardSchema> | null | undefined)?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new OptionsError(
      'as() takes a schema of zod (from 3.24), valibot, arktype or another library of the Standard Schema interface',
    )
  }
  return (rows, first) => rows.map((row, i) => validated(standard, row, first + i) as RowOf<S>)
}

function validated(standard: StandardSchema['~standard'], row: Row, index: number): unknown {
  const result = standard.validate(row)
  if ('then' in result) {
    // Its outcome is of no interest, but must not become an unhandled rejection.
    result.then(undefined, () => {})
    throw new UnsupportedError(
      `The ${standard.vendor} schema validates asynchronously, or a function of it threw; as() needs one that does neither`,
    )
  }
  if (result.issues === undefined) return result.value
  throw invalidRow(row, index, result.issues)
}

function invalidRow(row: Row, index: number, issues: readonly ValidationIssue[]): RowValidationError {
  const path = (issues[0]?.path ?? []).map((step) => (typeof step === 'object' ? step.key : step))
  const value = path.reduce<unknown>(memberOf, row)
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const problem = `does not fit: ${issues[0]?.message ?? 'no reason given'}${more}`
  return new RowValidationError({ row: index, column: pathText(path), value }, problem, quoteValue(value))
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  if (value instanceof Map) return value.get(key)
  return (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}
