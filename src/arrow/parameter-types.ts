import { ParameterError } from '../errors.ts'
import { isBytes, isDate } from './any-realm.ts'
import { instantOf } from './columns-from-values-temporal.ts'
import { type DataType, field, type IntType, type TimeUnit } from './schema.ts'
import { NANOSECONDS_PER_UNIT } from './timestamp.ts'
import { typeName } from './type-name.ts'
import { TypedParameter } from './typed-parameter.ts'
import { quoteValue, UnfitValue } from './unfit-value.ts'

/** What a parameter is sent as. */
export interface InferredParameter {
  readonly type: DataType
  readonly value: unknown
}

const int = (bitWidth: 8 | 16 | 32 | 64, signed = true): IntType => ({ kind: 'int', bitWidth, signed })
const INT64 = int(64)
const UINT64 = int(64, false)
const FLOAT64: DataType = { kind: 'float', bitWidth: 64 }
const UTF8: DataType = { kind: 'utf8' }
const BOOL: DataType = { kind: 'bool' }
const BINARY: DataType = { kind: 'binary' }
const NULL: DataType = { kind: 'null' }
const WIDEST_DECIMAL: DataType = { kind: 'decimal', bitWidth: 128, precision: 38, scale: 0 }

/** Arrays within arrays deeper than this are taken for a cycle. */
const MAX_DEPTH = 32

/**
 * The Arrow type of a parameter by its JavaScript value:
 * - number: Int64 when it is a safe integer (but not -0), else Float64, NaN and infinities included
 * - bigint: Int64, else UInt64, else Decimal(38, 0)
 * - string Utf8, boolean Bool, `Uint8Array` Binary, null Null
 * - `Date`: Timestamp in milliseconds; `Timestamp`: nanoseconds, or the finest unit that reaches the year.
 *   Both without zone, as the wall clock in UTC: the runtime drops a parameter's zone, and zone-less is
 *   what compares with either kind of column there. `param.timestamp(value, unit, 'UTC')` sends one.
 * - array or typed array: List of the one type its items share
 * - a `param.…` value: its own type
 * Throws `ParameterError` naming `name` for everything else.
 */
export function inferParameter(value: unknown, name: string, depth = 0): InferredParameter {
  if (value instanceof TypedParameter) {
    if (value.value === undefined) throw refused(name, undefined, 'cannot be bound; give null for SQL NULL')
    return value
  }
  switch (typeof value) {
    case 'string':
      return { type: UTF8, value }
    case 'number':
      return { type: Number.isSafeInteger(value) && !Object.is(value, -0) ? INT64 : FLOAT64, value }
    case 'bigint':
      return { type: bigintType(value, name), value }
    case 'boolean':
      return { type: BOOL, value }
    case 'object':
      if (value === null) return { type: NULL, value }
      return inferObject(value, name, depth)
    case 'undefined':
      throw refused(name, value, 'cannot be bound; give null for SQL NULL')
    default:
      throw refused(name, value, 'cannot be bound')
  }
}

function bigintType(value: bigint, name: string): DataType {
  if (BigInt.asIntN(64, value) === value) return INT64
  if (BigInt.asUintN(64, value) === value) return UINT64
  if (value < 10n ** 38n && value > -(10n ** 38n)) return WIDEST_DECIMAL
  throw refused(name, value, 'has more than 38 digits; give param.decimal(…) with a precision up to 76')
}

function inferObject(value: object, name: string, depth: number): InferredParameter {
  if (isDate(value)) return { type: { kind: 'timestamp', unit: unitOf(value, name), timezone: null }, value }
  if (isBytes(value)) return { type: BINARY, value }
  const typed = TYPED_ARRAYS.find(([arrayClass]) => value instanceof arrayClass)
  if (typed !== undefined) return { type: listOf(typed[1]), value }
  if (Array.isArray(value)) return inferList(value, name, depth)
  throw refused(name, value, 'cannot be bound; give its parts as parameters of their own')
}

const TYPED_ARRAYS: ReadonlyArray<readonly [abstract new (...args: never) => object, DataType]> = [
  [Float64Array, FLOAT64],
  [Float32Array, { kind: 'float', bitWidth: 32 }],
  [Int8Array, int(8)],
  [Int16Array, int(16)],
  [Int32Array, int(32)],
  [BigInt64Array, INT64],
  [Uint16Array, int(16, false)],
  [Uint32Array, int(32, false)],
  [BigUint64Array, UINT64],
]

function listOf(item: DataType): DataType {
  return { kind: 'list', child: field('item', item) }
}

function inferList(values: readonly unknown[], name: string, depth: number): InferredParameter {
  if (depth >= MAX_DEPTH) throw refused(name, values, 'is nested too deeply or contains itself')
  let type: DataType = NULL
  const items = Array.from(values, (value, i) => {
    const item = inferParameter(value, `${name}[${i}]`, depth + 1)
    const common = commonType(type, item.type)
    if (common === null) {
      throw refused(
        `${name}[${i}]`,
        value,
        `is ${typeName(item.type)} in an array of ${typeName(type)}; give items of one type`,
      )
    }
    type = common
    return item.value
  })
  return { type: listOf(type), value: items }
}

/** The type that holds the values of both, among those inference yields; null when there is none. */
function commonType(a: DataType, b: DataType): DataType | null {
  if (a.kind === 'null' || typeName(a) === typeName(b)) return b.kind === 'null' ? a : b
  if (b.kind === 'null') return a
  if (a.kind === 'list' && b.kind === 'list') {
    const item = commonType(a.child.type, b.child.type)
    return item === null ? null : listOf(item)
  }
  if (a.kind === 'timestamp' && b.kind === 'timestamp' && a.timezone === b.timezone) {
    return UNITS.indexOf(a.unit) <= UNITS.indexOf(b.unit) ? a : b
  }
  const rankA = NUMBER_RANK.indexOf(typeName(a))
  const rankB = NUMBER_RANK.indexOf(typeName(b))
  if (rankA < 0 || rankB < 0) return null
  const widest = rankA > rankB ? a : b
  return typeName(widest) === 'UInt64' ? WIDEST_DECIMAL : widest
}

/** Each holds what the ones before it do, UInt64 aside; a bigint that a float cannot hold is refused later. */
const NUMBER_RANK = ['Int64', 'UInt64', 'Decimal(38, 0)', 'Float64']

const UNITS: readonly TimeUnit[] = ['nanosecond', 'microsecond', 'millisecond', 'second']
function unitOf(date: Date, name: string): TimeUnit {
  try {
    const instant = instantOf(date)
    if (!('epochNanoseconds' in date)) return 'millisecond'
    const unit = UNITS.find((candidate) => {
      const count = instant / NANOSECONDS_PER_UNIT[candidate]
      return count * NANOSECONDS_PER_UNIT[candidate] === instant && BigInt.asIntN(64, count) === count
    })
    if (unit === undefined) throw new UnfitValue('has more digits than a 64-bit timestamp of its year holds')
    return unit
  } catch (error) {
    if (error instanceof UnfitValue) throw refused(name, date, error.message)
    throw error
  }
}

export function refused(name: string, value: unknown, problem: string): ParameterError {
  return new ParameterError(`Parameter ${name}: ${quoteValue(value)} ${problem}.`)
}
