import type { RowObject } from '../../arrow/object-builder.ts'
import { rowKeys } from '../../arrow/row-keys.ts'
import { StreamDecoder } from '../../arrow/stream-decoder.ts'
import { DECODED_VALUES, duckdbMapping, duckdbValue } from '../duckdb-arrow/from-arrow.ts'
import type { ParameterValue } from '../engine/prepare.ts'
import { invalidArgument } from './flight-error.ts'
import type { BoundParameters } from './prepared-handle.ts'

/**
 * The bound row as values by placeholder name. Throws `FlightError` INVALID_ARGUMENT when it is more than
 * one row, `ArrowConversionError` for values DuckDB cannot take, `ProtocolError` for what does not decode.
 */
export function boundValues(bound: BoundParameters): Map<string, ParameterValue> {
  const decoder = new StreamDecoder({ values: DECODED_VALUES })
  decoder.push(bound.schemaHeader, new Uint8Array(0))
  const batch = decoder.push(bound.batchHeader, bound.batchBody)
  if (batch === null || batch.rowCount > 1) throw invalidArgument('parameters should contain a single row')
  const rows: RowObject[] = []
  batch.appendRows(rows)
  const fields = batch.schema.fields
  if (fields.length !== bound.names.length) throw invalidArgument('parameters do not match their schema')
  const keys = rowKeys(fields)
  return new Map(
    rows.flatMap((row) =>
      fields.map(({ type }, index) => {
        const mapped = duckdbMapping(type)
        return [bound.names[index], { type: mapped.type, value: duckdbValue(mapped, row[keys[index]]) }]
      }),
    ),
  )
}

/**
 * Which placeholder each column of a bound batch is for. Columns are named as the placeholder, with or
 * without its `$`; drivers that name them otherwise send them in the order of numbered placeholders.
 */
export function placeholderNames(
  columnNames: readonly string[],
  placeholders: readonly string[],
): readonly string[] {
  const bare = columnNames.map((name) => name.replace(/^[$:]/, ''))
  if (bare.every((name) => placeholders.includes(name))) return bare
  const numbered = placeholders.every((name) => /^\d+$/.test(name))
  return numbered && placeholders.length === bare.length ? placeholders : bare
}
