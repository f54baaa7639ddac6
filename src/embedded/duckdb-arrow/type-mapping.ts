import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUnionType,
  DuckDBVector,
} from '@duckdb/node-api'
import { type DataType, type Field, field, NO_METADATA } from '../../arrow/schema.ts'
import { BooleanColumn, NullColumn } from './boolean-column.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { ArrowConversionError } from './conversion-error.ts'
import { DictionaryColumn } from './dictionary-column.ts'
import { FixedWidthColumn } from './fixed-width-column.ts'
import { FixedSizeListColumn, ListColumn, StructColumn } from './nested-columns.ts'
import type { RawVector } from './raw-vectors.ts'
import {
  checkHugeInt,
  checkUnsignedHugeInt,
  intervalToMonthDayNano,
  widenInt16,
  widenInt32,
  widenInt64,
} from './row-transforms.ts'
import { StringColumn } from './string-column.ts'
import { TextColumn } from './text-column.ts'
import { UnionColumn } from './union-column.ts'
import { readUuids } from './uuid-text.ts'

/** How one DuckDB type travels: its Arrow type, and what collects its values. */
export interface ArrowMapping {
  readonly type: DataType
  /** Metadata of the field that carries the type; names the Arrow extension type where there is one. */
  readonly metadata: ReadonlyMap<string, string>
  createBuilder(): ColumnBuilder
}

/** Gives every dictionary of a schema its own id. */
export type DictionaryIds = () => bigint

/**
 * The Arrow type the runtime sends for a DuckDB type. Types Arrow lacks (BIT, BIGNUM, TIME WITH TIME ZONE,
 * VARIANT) and UUID, which Spice's engine knows as text only, become Utf8 as DuckDB prints them. HUGEINT
 * becomes Decimal128(38, 0); a value that needs a 39th digit is a `ArrowConversionError` while reading. Infinite
 * dates and timestamps keep DuckDB's representation, the extreme values of their integers.
 * Throws `ArrowConversionError` for a type without a mapping.
 */
export function arrowMapping(type: DuckDBType, nextDictionaryId: DictionaryIds): ArrowMapping {
  const nested = (child: DuckDBType) => arrowMapping(child, nextDictionaryId)
  switch (type.typeId) {
    case DuckDBTypeId.SQLNULL:
      return mapping({ kind: 'null' }, () => new NullColumn())
    case DuckDBTypeId.BOOLEAN:
      return mapping({ kind: 'bool' }, () => new BooleanColumn())
    case DuckDBTypeId.TINYINT:
      return integer(8, true)
    case DuckDBTypeId.SMALLINT:
      return integer(16, true)
    case DuckDBTypeId.INTEGER:
      return integer(32, true)
    case DuckDBTypeId.BIGINT:
      return integer(64, true)
    case DuckDBTypeId.UTINYINT:
      return integer(8, false)
    case DuckDBTypeId.USMALLINT:
      return integer(16, false)
    case DuckDBTypeId.UINTEGER:
      return integer(32, false)
    case DuckDBTypeId.UBIGINT:
      return integer(64, false)
    case DuckDBTypeId.FLOAT:
      return fixed({ kind: 'float', bitWidth: 32 }, 4)
    case DuckDBTypeId.DOUBLE:
      return fixed({ kind: 'float', bitWidth: 64 }, 8)
    case DuckDBTypeId.HUGEINT:
      return mapping(DECIMAL_38, () => new FixedWidthColumn(16, 16, checkHugeInt))
    case DuckDBTypeId.UHUGEINT:
      return mapping(DECIMAL_38, () => new FixedWidthColumn(16, 16, checkUnsignedHugeInt))
    case DuckDBTypeId.DECIMAL:
      return decimal(type as DuckDBDecimalType)
    case DuckDBTypeId.DATE:
      return fixed({ kind: 'date', unit: 'day' }, 4)
    case DuckDBTypeId.TIME:
      return fixed({ kind: 'time', unit: 'microsecond', bitWidth: 64 }, 8)
    case DuckDBTypeId.TIME_NS:
      return fixed({ kind: 'time', unit: 'nanosecond', bitWidth: 64 }, 8)
    case DuckDBTypeId.TIMESTAMP:
      return fixed({ kind: 'timestamp', unit: 'microsecond', timezone: null }, 8)
    case DuckDBTypeId.TIMESTAMP_S:
      return fixed({ kind: 'timestamp', unit: 'second', timezone: null }, 8)
    case DuckDBTypeId.TIMESTAMP_MS:
      return fixed({ kind: 'timestamp', unit: 'millisecond', timezone: null }, 8)
    case DuckDBTypeId.TIMESTAMP_NS:
      return fixed({ kind: 'timestamp', unit: 'nanosecond', timezone: null }, 8)
    case DuckDBTypeId.TIMESTAMP_TZ:
      return fixed({ kind: 'timestamp', unit: 'microsecond', timezone: 'UTC' }, 8)
    case DuckDBTypeId.INTERVAL:
      return mapping(
        { kind: 'interval', unit: 'monthDayNano' },
        () => new FixedWidthColumn(16, 16, intervalToMonthDayNano),
      )
    case DuckDBTypeId.VARCHAR:
      return mapping({ kind: 'utf8' }, () => new StringColumn(), extensionOf(type))
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY:
      return mapping({ kind: 'binary' }, () => new StringColumn(), extensionOf(type))
    case DuckDBTypeId.UUID:
      return mapping({ kind: 'utf8' }, () => new TextColumn(readUuids))
    case DuckDBTypeId.BIT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.TIME_TZ:
    case DuckDBTypeId.VARIANT:
      return mapping({ kind: 'utf8' }, () => new TextColumn(printedBy(type)))
    case DuckDBTypeId.ENUM:
      return enumeration(type as DuckDBEnumType, nextDictionaryId())
    case DuckDBTypeId.LIST: {
      const item = nested((type as DuckDBListType).valueType)
      return mapping(
        { kind: 'list', child: mappedField('item', item) },
        () => new ListColumn(item.createBuilder()),
      )
    }
    case DuckDBTypeId.ARRAY: {
      const { valueType, length } = type as DuckDBArrayType
      const item = nested(valueType)
      return mapping(
        { kind: 'fixedSizeList', size: length, child: mappedField('item', item) },
        () => new FixedSizeListColumn(length, item.createBuilder()),
      )
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType
      const members = entryTypes.map(nested)
      return mapping(
        { kind: 'struct', children: members.map((member, index) => mappedField(entryNames[index], member)) },
        () => new StructColumn(members.map((member) => member.createBuilder())),
      )
    }
    case DuckDBTypeId.MAP:
      return map(nested((type as DuckDBMapType).keyType), nested((type as DuckDBMapType).valueType))
    case DuckDBTypeId.UNION: {
      const { memberTags, memberTypes } = type as DuckDBUnionType
      const members = memberTypes.map(nested)
      return mapping(
        {
          kind: 'union',
          mode: 'dense',
          typeIds: members.map((_, index) => index),
          children: members.map((member, index) => mappedField(memberTags[index], member)),
        },
        () => new UnionColumn(members.map((member) => member.createBuilder())),
      )
    }
    default:
      throw new ArrowConversionError(
        `a column of the DuckDB type ${type} has no Arrow form; cast it to VARCHAR`,
      )
  }
}

/** The field that carries a mapped type. */
export function mappedField(name: string, mapped: ArrowMapping, nullable = true): Field {
  return { name, type: mapped.type, nullable, metadata: mapped.metadata }
}

const DECIMAL_38: DataType = { kind: 'decimal', bitWidth: 128, precision: 38, scale: 0 }

function mapping(
  type: DataType,
  createBuilder: () => ColumnBuilder,
  metadata: ReadonlyMap<string, string> = NO_METADATA,
): ArrowMapping {
  return { type, metadata, createBuilder }
}

function fixed(type: DataType, width: number): ArrowMapping {
  return mapping(type, () => new FixedWidthColumn(width))
}

function integer(bitWidth: 8 | 16 | 32 | 64, signed: boolean): ArrowMapping {
  return fixed({ kind: 'int', bitWidth, signed }, bitWidth / 8)
}

/** DuckDB stores a DECIMAL in the smallest of 16, 32, 64 and 128 bits that holds its digits. */
function decimal({ width, scale }: DuckDBDecimalType): ArrowMapping {
  const type: DataType = { kind: 'decimal', bitWidth: 128, precision: width, scale }
  if (width <= 4) return mapping(type, () => new FixedWidthColumn(2, 16, widenInt16))
  if (width <= 9) return mapping(type, () => new FixedWidthColumn(4, 16, widenInt32))
  if (width <= 18) return mapping(type, () => new FixedWidthColumn(8, 16, widenInt64))
  return fixed(type, 16)
}

function enumeration(type: DuckDBEnumType, id: bigint): ArrowMapping {
  const bitWidth =
    type.internalTypeId === DuckDBTypeId.UTINYINT
      ? 8
      : type.internalTypeId === DuckDBTypeId.USMALLINT
        ? 16
        : 32
  return mapping(
    {
      kind: 'dictionary',
      id,
      index: { kind: 'int', bitWidth, signed: false },
      value: { kind: 'utf8' },
      ordered: false,
    },
    () => new DictionaryColumn(bitWidth / 8, type.values),
  )
}

function map(key: ArrowMapping, value: ArrowMapping): ArrowMapping {
  const children = [mappedField('key', key, false), mappedField('value', value)]
  const entries = field('entries', { kind: 'struct', children }, false)
  return mapping(
    { kind: 'map', keysSorted: false, entries },
    () => new ListColumn(new StructColumn([key.createBuilder(), value.createBuilder()])),
  )
}

/** JSON is VARCHAR by another name in DuckDB, and an extension type in Arrow; likewise geometries (WKB). */
function extensionOf(type: DuckDBType): ReadonlyMap<string, string> {
  const name =
    type.typeId === DuckDBTypeId.GEOMETRY ? 'geoarrow.wkb' : type.alias === 'JSON' ? 'arrow.json' : null
  if (name === null) return NO_METADATA
  return new Map([
    ['ARROW:extension:name', name],
    ['ARROW:extension:metadata', '{}'],
  ])
}

function printedBy(type: DuckDBType): (vector: RawVector, size: number) => Array<string | null> {
  return (vector, size) => {
    const values = DuckDBVector.create(vector, size, type)
    return Array.from({ length: size }, (_, row) => values.getItem(row)?.toString() ?? null)
  }
}
