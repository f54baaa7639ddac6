import type { DuckDBType } from '@duckdb/node-api'
import { NO_METADATA, type Schema } from '../../arrow/schema.ts'
import { type ArrowMapping, arrowMapping, mappedField } from './type-mapping.ts'

/** How each column of a result travels. Throws `ArrowConversionError` for a type without an Arrow form. */
export function mappingsOf(columnTypes: readonly DuckDBType[]): ArrowMapping[] {
  let dictionaries = 0n
  return columnTypes.map((type) => arrowMapping(type, () => dictionaries++))
}

/** The Arrow schema of a DuckDB result; all columns nullable, names as they are, duplicates included. */
export function schemaOf(columnNames: readonly string[], columnTypes: readonly DuckDBType[]): Schema {
  return schemaOfMappings(columnNames, mappingsOf(columnTypes))
}

export function schemaOfMappings(columnNames: readonly string[], mappings: readonly ArrowMapping[]): Schema {
  return {
    fields: mappings.map((mapped, index) => mappedField(columnNames[index], mapped)),
    metadata: NO_METADATA,
  }
}
