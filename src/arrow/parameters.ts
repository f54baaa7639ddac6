import { ParameterError, RowValidationError } from '../errors.ts'
import type { ColumnData } from './column-data.ts'
import { columnFromValues } from './columns-from-values.ts'
import { encodeRecordBatch, encodeSchema } from './ipc-writer.ts'
import { type InferredParameter, inferParameter, refused } from './parameter-types.ts'
import { parametersKey, typeKey } from './parameters-key.ts'
import { type Field, field, NO_METADATA, type Schema } from './schema.ts'
import { typeName } from './type-name.ts'
import { quoteValue } from './unfit-value.ts'

/** `$1, $2, …` by position, or `$name` by name. */
export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>

export interface NamedParameter extends InferredParameter {
  /** `$1`, or the bare name without `$`, as the runtime wants its columns named. */
  readonly name: string
}

export interface EncodedParameters {
  readonly schema: Schema
  /** The schema's message, for the first FlightData of the bind. */
  readonly schemaHeader: Uint8Array
  /** The message and body of the one-row batch. */
  readonly batchHeader: Uint8Array
  readonly batchBody: Uint8Array
  /** `parametersKey` of the same parameters. */
  readonly key: string | null
}

/**
 * Parameters as an Arrow batch of one row. Throws `ParameterError` that names the parameter which cannot
 * be bound; see `inferParameter` for the types. Named ones become columns in the object's order, which
 * should be that of the statement: see `arrangeParameters`.
 */
export function encodeParameters(parameters: Parameters): EncodedParameters {
  const named = namedParameters(parameters)
  const { schema, header } = schemaOf(named)
  const columns = named.map((parameter, i) => encodeColumn(schema.fields[i], parameter))
  const batch = encodeRecordBatch(schema, 1, columns)
  const batchBody = new Uint8Array(batch.bodyLength)
  let offset = 0
  for (const part of batch.body) {
    batchBody.set(part, offset)
    offset += part.length
  }
  return {
    schema,
    schemaHeader: header,
    batchHeader: batch.header,
    batchBody,
    key: parametersKey(parameters),
  }
}

interface KnownSchema {
  readonly schema: Schema
  readonly header: Uint8Array
}

/** Schemas by names and types: a statement asked again has other values, but rarely other types. */
const knownSchemas = new Map<string, KnownSchema>()
const MAX_KNOWN_SCHEMAS = 256

function schemaOf(parameters: readonly NamedParameter[]): KnownSchema {
  const key = parameters.map(({ name, type }) => `${name} ${typeKey(type)}`).join()
  let known = knownSchemas.get(key)
  if (known === undefined) {
    const fields = parameters.map(({ name, type }) => field(name, type))
    const schema: Schema = { fields, metadata: NO_METADATA }
    known = { schema, header: encodeSchema(schema) }
    if (knownSchemas.size >= MAX_KNOWN_SCHEMAS) knownSchemas.clear()
    knownSchemas.set(key, known)
  }
  return known
}

/** Names and types of parameters, in order. Throws `ParameterError`. */
export function namedParameters(parameters: Parameters): NamedParameter[] {
  if (Array.isArray(parameters)) {
    return Array.from(parameters, (value: unknown, i) => named(`$${i + 1}`, value))
  }
  if (typeof parameters !== 'object' || parameters === null) {
    throw new ParameterError(`Parameters are an array or an object, not ${quoteValue(parameters)}.`)
  }
  return Object.entries(parameters).map(([name, value]) => {
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
      throw new ParameterError(
        `${JSON.stringify(name)} cannot be a parameter's name; write it as in $name, without the $.`,
      )
    }
    return named(name, value)
  })
}

function named(name: string, value: unknown): NamedParameter {
  const { type, value: inner } = inferParameter(value, name)
  return { name, type, value: inner }
}

function encodeColumn(column: Field, parameter: NamedParameter): ColumnData {
  const at = () => ({ row: 0, column: parameter.name })
  try {
    return columnFromValues(column, [parameter.value], at)
  } catch (error) {
    if (!(error instanceof RowValidationError)) throw error
    throw refused(error.column, error.value, `${error.problem} (${typeName(column.type)})`)
  }
}
