import type { ColumnData } from '../../arrow/column-data.ts'
import { type DataType, field, NO_METADATA, type Schema } from '../../arrow/schema.ts'
import { SqlInfo } from '../../flight/messages.generated.ts'
import { bytesOf } from '../duckdb-arrow/byte-parts.ts'
import { boolArray, numberArray, utf8Array } from '../duckdb-arrow/value-arrays.ts'
import type { ArrowTable } from './arrow-table.ts'

/** Facts about SQL have no names in the messages' definition, only numbers in the specification. */
const SQL_DDL_CATALOG = 500
const SQL_DDL_SCHEMA = 501
const SQL_DDL_TABLE = 502
const SQL_IDENTIFIER_CASE = 503
const SQL_IDENTIFIER_QUOTE_CHAR = 504
const SQL_QUOTED_IDENTIFIER_CASE = 505
const SQL_NULL_ORDERING = 507

const CASE_LOWERCASE = 3
const NULLS_SORTED_HIGH = 0
const TRANSACTION_NONE = 0

/**
 * What the runtime says about itself. `READ_ONLY` is true in it even where datasets are writable, so it is
 * here; clients recognise a Spice runtime by its name.
 */
const FACTS: ReadonlyArray<readonly [id: number, value: string | boolean | number]> = [
  [SqlInfo.FLIGHT_SQL_SERVER_NAME, 'Spice.ai'],
  // The release whose contract is followed; the suffix tells that this is the embedded runtime.
  [SqlInfo.FLIGHT_SQL_SERVER_VERSION, '2.3.2+embedded'],
  [SqlInfo.FLIGHT_SQL_SERVER_ARROW_VERSION, '1.3'],
  [SqlInfo.FLIGHT_SQL_SERVER_READ_ONLY, true],
  [SqlInfo.FLIGHT_SQL_SERVER_SQL, true],
  [SqlInfo.FLIGHT_SQL_SERVER_SUBSTRAIT, false],
  [SqlInfo.FLIGHT_SQL_SERVER_TRANSACTION, TRANSACTION_NONE],
  [SqlInfo.FLIGHT_SQL_SERVER_CANCEL, false],
  [SqlInfo.FLIGHT_SQL_SERVER_BULK_INGESTION, true],
  [SQL_DDL_CATALOG, false],
  [SQL_DDL_SCHEMA, false],
  [SQL_DDL_TABLE, false],
  [SQL_IDENTIFIER_CASE, CASE_LOWERCASE],
  [SQL_IDENTIFIER_QUOTE_CHAR, '"'],
  [SQL_QUOTED_IDENTIFIER_CASE, CASE_LOWERCASE],
  [SQL_NULL_ORDERING, NULLS_SORTED_HIGH],
]

const UTF8: DataType = { kind: 'utf8' }
const INT32: DataType = { kind: 'int', bitWidth: 32, signed: true }
const INT32_LIST: DataType = { kind: 'list', child: field('item', INT32) }

/** The value's members, in the order the Flight SQL specification numbers them. */
const VALUE: DataType = {
  kind: 'union',
  mode: 'dense',
  typeIds: [0, 1, 2, 3, 4, 5],
  children: [
    field('string_value', UTF8),
    field('bool_value', { kind: 'bool' }),
    field('bigint_value', { kind: 'int', bitWidth: 64, signed: true }),
    field('int32_bitmask', INT32),
    field('string_list', { kind: 'list', child: field('item', UTF8) }),
    field('int32_to_int32_list_map', {
      kind: 'map',
      keysSorted: false,
      entries: field(
        'entries',
        { kind: 'struct', children: [field('key', INT32, false), field('value', INT32_LIST)] },
        false,
      ),
    }),
  ],
}

const SCHEMA: Schema = {
  fields: [
    field('info_name', { kind: 'int', bitWidth: 32, signed: false }, false),
    field('value', VALUE, false),
  ],
  metadata: NO_METADATA,
}

/** `GetSqlInfo`: the facts asked for, all of them when `ids` is empty. Unknown ids are left out. */
export function sqlInfo(ids: readonly number[]): ArrowTable {
  return {
    schema: SCHEMA,
    async read() {
      const facts = FACTS.filter(([id]) => ids.length === 0 || ids.includes(id))
      const names = numberArray(Uint32Array.from(facts, ([id]) => id))
      return { length: facts.length, columns: [names, valueColumn(facts.map(([, value]) => value))] }
    },
  }
}

function valueColumn(values: ReadonlyArray<string | boolean | number>): ColumnData {
  const strings: string[] = []
  const booleans: boolean[] = []
  const integers: number[] = []
  const typeIds = new Int8Array(values.length)
  const offsets = new Int32Array(values.length)
  for (const [row, value] of values.entries()) {
    if (typeof value === 'string') offsets[row] = strings.push(value) - 1
    else if (typeof value === 'boolean') {
      typeIds[row] = 1
      offsets[row] = booleans.push(value) - 1
    } else {
      typeIds[row] = 3
      offsets[row] = integers.push(value) - 1
    }
  }
  const children = [
    utf8Array(strings),
    boolArray(booleans),
    numberArray(new BigInt64Array(0)),
    numberArray(Int32Array.from(integers)),
    emptyList(utf8Array([])),
    emptyList({
      length: 0,
      nullCount: 0,
      buffers: [null],
      children: [numberArray(new Int32Array(0)), emptyList(numberArray(new Int32Array(0)))],
    }),
  ]
  return { length: values.length, nullCount: 0, buffers: [bytesOf(typeIds), bytesOf(offsets)], children }
}

function emptyList(child: ColumnData): ColumnData {
  return { length: 0, nullCount: 0, buffers: [null, bytesOf(new Int32Array(1))], children: [child] }
}
