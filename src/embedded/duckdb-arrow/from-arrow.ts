import {
  ARRAY,
  arrayValue,
  BIGINT,
  BLOB,
  BOOLEAN,
  blobValue,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBType,
  type DuckDBValue,
  dateValue,
  decimalValue,
  FLOAT,
  INTEGER,
  INTERVAL,
  intervalValue,
  LIST,
  listValue,
  MAP,
  mapValue,
  SMALLINT,
  SQLNULL,
  STRUCT,
  structValue,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TINYINT,
  timeNSValue,
  timestampMillisValue,
  timestampNanosValue,
  timestampSecondsValue,
  timestampTZValue,
  timestampValue,
  timeValue,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'
import { parseDate } from '../../arrow/calendar.ts'
import { rowKeys } from '../../arrow/row-keys.ts'
import type { DataType, IntType, TimeUnit } from '../../arrow/schema.ts'
import { parseTimeOfDay } from '../../arrow/time-of-day.ts'
import type { Interval } from '../../arrow/value-format.ts'
import type { ValueOptions } from '../../arrow/values-options.ts'
import { ArrowConversionError } from './conversion-error.ts'

/** How values have to be decoded for the conversions here: timestamps as counts of their unit. */
export const DECODED_VALUES: ValueOptions = { timestamp: 'bigint' }

/** The DuckDB type for an Arrow type, and how a decoded value that is not null becomes one of DuckDB's. */
export interface DuckDBMapping {
  readonly type: DuckDBType
  convert(value: unknown): DuckDBValue
}

/**
 * The way back from Arrow, for parameters and for rows a client writes. Throws `ArrowConversionError` for
 * a type DuckDB has no counterpart for; `convert` throws it for a value that would lose something.
 */
export function duckdbMapping(type: DataType): DuckDBMapping {
  switch (type.kind) {
    case 'null':
      return as(SQLNULL)
    case 'bool':
      return as(BOOLEAN)
    case 'int':
      return as(integerType(type))
    case 'float':
      return as(type.bitWidth === 64 ? DOUBLE : FLOAT)
    case 'decimal':
      return decimal(type.precision, type.scale)
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return as(VARCHAR)
    case 'binary':
    case 'largeBinary':
    case 'binaryView':
    case 'fixedSizeBinary':
      return { type: BLOB, convert: (value) => blobValue(value as Uint8Array) }
    case 'date':
      return { type: DATE, convert: (value) => dateValue(days(value as string)) }
    case 'time':
      return type.unit === 'nanosecond'
        ? { type: TIME_NS, convert: (value) => timeNSValue(timeOfDay(value as string)) }
        : { type: TIME, convert: (value) => timeValue(timeOfDay(value as string) / 1000n) }
    case 'timestamp':
      return type.timezone === null ? localTimestamp(type.unit) : zonedTimestamp(type.unit)
    case 'duration':
      return {
        type: INTERVAL,
        convert: (value) => intervalValue(0, 0, microseconds(value as bigint, type.unit)),
      }
    case 'interval':
      return { type: INTERVAL, convert: (value) => interval(value as Interval) }
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView': {
      const item = duckdbMapping(type.child.type)
      return { type: LIST(item.type), convert: (value) => listValue(items(item, value as unknown[])) }
    }
    case 'fixedSizeList': {
      const item = duckdbMapping(type.child.type)
      return {
        type: ARRAY(item.type, type.size),
        convert: (value) => arrayValue(items(item, value as unknown[])),
      }
    }
    case 'struct':
      return struct(
        rowKeys(type.children),
        type.children.map((child) => duckdbMapping(child.type)),
      )
    case 'map': {
      if (type.entries.type.kind !== 'struct') break
      const [key, value] = type.entries.type.children.map((child) => duckdbMapping(child.type))
      return map(key, value)
    }
    case 'dictionary':
      return duckdbMapping(type.value)
    case 'runEndEncoded':
      return duckdbMapping(type.values.type)
  }
  throw new ArrowConversionError(`values of the Arrow type ${type.kind} cannot be taken in`)
}

/** A value of a column or list element, null included. */
export function duckdbValue(mapped: DuckDBMapping, value: unknown): DuckDBValue {
  return value === null || value === undefined ? null : mapped.convert(value)
}

function as(type: DuckDBType): DuckDBMapping {
  return { type, convert: (value) => value as DuckDBValue }
}

function integerType({ bitWidth, signed }: IntType): DuckDBType {
  switch (bitWidth) {
    case 8:
      return signed ? TINYINT : UTINYINT
    case 16:
      return signed ? SMALLINT : USMALLINT
    case 32:
      return signed ? INTEGER : UINTEGER
    case 64:
      return signed ? BIGINT : UBIGINT
  }
}

function decimal(precision: number, scale: number): DuckDBMapping {
  if (precision > 38 || scale < 0 || scale > precision) {
    throw new ArrowConversionError(
      `a decimal of ${precision} digits and scale ${scale} cannot be taken in; 38 digits are the limit`,
    )
  }
  return {
    type: DECIMAL(precision, scale),
    convert: (value) => decimalValue(BigInt((value as string).replace('.', '')), precision, scale),
  }
}

function localTimestamp(unit: TimeUnit): DuckDBMapping {
  switch (unit) {
    case 'second':
      return { type: TIMESTAMP_S, convert: (value) => timestampSecondsValue(value as bigint) }
    case 'millisecond':
      return { type: TIMESTAMP_MS, convert: (value) => timestampMillisValue(value as bigint) }
    case 'microsecond':
      return { type: TIMESTAMP, convert: (value) => timestampValue(value as bigint) }
    case 'nanosecond':
      return { type: TIMESTAMP_NS, convert: (value) => timestampNanosValue(value as bigint) }
  }
}

/** DuckDB has one type with a zone, of microseconds. */
function zonedTimestamp(unit: TimeUnit): DuckDBMapping {
  return {
    type: TIMESTAMPTZ,
    convert: (value) => timestampTZValue(microseconds(value as bigint, unit)),
  }
}

const MICROSECONDS: Readonly<Record<Exclude<TimeUnit, 'nanosecond'>, bigint>> = {
  second: 1_000_000n,
  millisecond: 1_000n,
  microsecond: 1n,
}

function microseconds(count: bigint, unit: TimeUnit): bigint {
  if (unit !== 'nanosecond') return count * MICROSECONDS[unit]
  if (count % 1000n !== 0n) {
    throw new ArrowConversionError(`${count} ns is not a whole number of microseconds, which DuckDB keeps`)
  }
  return count / 1000n
}

function interval({ months, days, nanoseconds }: Interval): DuckDBValue {
  return intervalValue(months, days, microseconds(nanoseconds, 'nanosecond'))
}

/** Days of `YYYY-MM-DD`; a Date64 that is no whole day carries a time behind it. */
function days(text: string): number {
  const parsed = parseDate(text)
  if (parsed === null) throw new ArrowConversionError(`the date ${text} is not a whole day`)
  return parsed
}

function timeOfDay(text: string): bigint {
  const nanoseconds = parseTimeOfDay(text)
  if (nanoseconds === null) throw new ArrowConversionError(`${text} is no time of day`)
  return nanoseconds
}

function items(item: DuckDBMapping, values: readonly unknown[]): DuckDBValue[] {
  return values.map((value) => duckdbValue(item, value))
}

function struct(keys: readonly string[], members: readonly DuckDBMapping[]): DuckDBMapping {
  return {
    type: STRUCT(Object.fromEntries(keys.map((key, index) => [key, members[index].type]))),
    convert: (value) =>
      structValue(
        Object.fromEntries(
          keys.map((key, index) => [
            key,
            duckdbValue(members[index], (value as Record<string, unknown>)[key]),
          ]),
        ),
      ),
  }
}

function map(key: DuckDBMapping, value: DuckDBMapping): DuckDBMapping {
  return {
    type: MAP(key.type, value.type),
    convert: (entries) =>
      mapValue(
        [...(entries as Map<unknown, unknown>)].map(([k, v]) => ({
          key: duckdbValue(key, k),
          value: duckdbValue(value, v),
        })),
      ),
  }
}
