import { ParameterError } from '../errors.ts'
import { type DataType, field, type IntType, type TimeUnit } from './schema.ts'

/** A value with the Arrow type it is to be bound as; made by `param`. */
export class TypedParameter {
  readonly type: DataType
  readonly value: unknown
  constructor(type: DataType, value: unknown) {
    this.type = type
    this.value = value
  }
}

const int = (bitWidth: 8 | 16 | 32 | 64, signed = true): IntType => ({ kind: 'int', bitWidth, signed })

/** Types that `param.list` and `param.null` know by name. */
const NAMED_TYPES = {
  int8: int(8),
  int16: int(16),
  int32: int(32),
  int64: int(64),
  uint8: int(8, false),
  uint16: int(16, false),
  uint32: int(32, false),
  uint64: int(64, false),
  float32: { kind: 'float', bitWidth: 32 },
  float64: { kind: 'float', bitWidth: 64 },
  utf8: { kind: 'utf8' },
  bool: { kind: 'bool' },
  date: { kind: 'date', unit: 'day' },
  binary: { kind: 'binary' },
} as const satisfies Record<string, DataType>

export type TypeOrName = DataType | keyof typeof NAMED_TYPES

type Whole = number | bigint | string
type Nullable<T> = T | null

const named =
  <Value>(name: keyof typeof NAMED_TYPES) =>
  (value: Nullable<Value>): TypedParameter =>
    new TypedParameter(NAMED_TYPES[name], value)

/**
 * Parameters of an explicit type, for where the type inferred from the JavaScript value is not the one the
 * statement wants. Values are checked when the query is sent; null is accepted everywhere.
 */
export const param = {
  int8: named<Whole>('int8'),
  int16: named<Whole>('int16'),
  int32: named<Whole>('int32'),
  int64: named<Whole>('int64'),
  uint8: named<Whole>('uint8'),
  uint16: named<Whole>('uint16'),
  uint32: named<Whole>('uint32'),
  uint64: named<Whole>('uint64'),
  float32: named<number>('float32'),
  float64: named<number>('float64'),
  utf8: named<string>('utf8'),
  bool: named<boolean>('bool'),
  /** `'YYYY-MM-DD'`, or a `Date` at midnight UTC. */
  date: named<string | Date>('date'),
  binary: named<Uint8Array>('binary'),

  /** `param.decimal('1.23', 10, 2)`. Precision up to 76; digits that do not fit are an error, never rounded. */
  decimal(value: Nullable<Whole>, precision: number, scale: number): TypedParameter {
    if (
      !Number.isInteger(precision) ||
      precision < 1 ||
      precision > 76 ||
      !Number.isInteger(scale) ||
      Math.abs(scale) > precision
    ) {
      throw new ParameterError(
        `Decimal(${precision}, ${scale}) is no type: precision is 1 to 76, scale at most that.`,
      )
    }
    return new TypedParameter(
      { kind: 'decimal', bitWidth: precision > 38 ? 256 : 128, precision, scale },
      value,
    )
  },

  /** `'HH:MM[:SS[.fraction]]'`, or a bigint that counts `unit`. */
  time(value: Nullable<string | bigint>, unit: TimeUnit = 'microsecond'): TypedParameter {
    const bitWidth = unit === 'second' || unit === 'millisecond' ? 32 : 64
    return new TypedParameter({ kind: 'time', unit, bitWidth }, value)
  },

  /**
   * A `Date`, a `Timestamp`, ISO 8601 text, or a bigint that counts `unit` since the epoch. Without
   * `timezone` it is the wall clock in UTC; the runtime drops a parameter's zone in any case.
   */
  timestamp(
    value: Nullable<Date | string | bigint>,
    unit: TimeUnit = 'nanosecond',
    timezone: string | null = null,
  ): TypedParameter {
    return new TypedParameter({ kind: 'timestamp', unit, timezone }, value)
  },

  /** A count of `unit`. */
  duration(value: Nullable<Whole>, unit: TimeUnit): TypedParameter {
    return new TypedParameter({ kind: 'duration', unit }, value)
  },

  interval(
    value: Nullable<{ months?: number; days?: number; nanoseconds?: bigint | number }>,
  ): TypedParameter {
    return new TypedParameter({ kind: 'interval', unit: 'monthDayNano' }, value)
  },

  /** `param.list('float32', vector)`. */
  list(item: TypeOrName, values: Nullable<ArrayLike<unknown>>): TypedParameter {
    return new TypedParameter({ kind: 'list', child: field('item', typeOf(item)) }, values)
  },

  /** A NULL of a type, for statements from which the runtime cannot tell it. */
  null(type: TypeOrName = { kind: 'null' }): TypedParameter {
    return new TypedParameter(typeOf(type), null)
  },

  /** Any other Arrow type. */
  of(type: DataType, value: unknown): TypedParameter {
    return new TypedParameter(type, value)
  },
} as const

function typeOf(type: TypeOrName): DataType {
  const known = typeof type === 'string' ? (NAMED_TYPES as Record<string, DataType>)[type] : type
  if (known === undefined) throw new ParameterError(`There is no parameter type ${JSON.stringify(type)}.`)
  return known
}
