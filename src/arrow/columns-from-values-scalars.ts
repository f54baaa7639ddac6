import type { DataType, IntType } from './schema.ts'
import { UnfitValue } from './unfit-value.ts'
import { isRecord } from './values-walk.ts'

/** Single JavaScript values to the numbers Arrow stores. Each is exact or throws `UnfitValue`. */

const INTEGER_TEXT = /^[+-]?\d{1,20}$/

/** Any of the spellings of an integer: a bigint, a safe integral number, decimal digits. */
export function integerOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new UnfitValue('is not a whole number')
    if (!Number.isSafeInteger(value))
      throw new UnfitValue('is beyond 2^53, where numbers lose digits; give a bigint')
    return BigInt(value)
  }
  if (typeof value === 'string') {
    if (!INTEGER_TEXT.test(value)) throw new UnfitValue('is not the text of a whole number')
    return BigInt(value.startsWith('+') ? value.slice(1) : value)
  }
  throw new UnfitValue('is not a number')
}

export function intOf(value: unknown, type: IntType): bigint {
  const integer = integerOf(value)
  const fits = type.signed ? BigInt.asIntN(type.bitWidth, integer) : BigInt.asUintN(type.bitWidth, integer)
  if (fits !== integer) throw new UnfitValue('is out of range')
  return integer
}

/** The same for widths up to 32 bits, without a detour over bigint for the usual case. */
export function smallIntOf(value: unknown, type: IntType): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return Number(intOf(value, type))
  const span = 2 ** type.bitWidth
  const low = type.signed ? -span / 2 : 0
  if (value < low || value >= low + span) throw new UnfitValue('is out of range')
  return value
}

/** From here on a number rounds to infinity. */
const FLOAT_LIMIT = { 16: 65_520, 32: 2 ** 128 - 2 ** 103, 64: Infinity } as const

/** A float; narrower ones are rounded to the nearest as usual, bigints must survive exactly. */
export function floatOf(value: unknown, bitWidth: 16 | 32 | 64): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new UnfitValue('is not a number')
  const float = Number(value)
  if (Number.isFinite(float) && Math.abs(float) >= FLOAT_LIMIT[bitWidth])
    throw new UnfitValue('is out of range')
  if (typeof value === 'bigint' && !isExact(value, bitWidth))
    throw new UnfitValue('has more digits than a float holds')
  return float
}

function isExact(value: bigint, bitWidth: 16 | 32 | 64): boolean {
  const digits = { 16: 11, 32: 24, 64: 53 }[bitWidth]
  const magnitude = value < 0n ? -value : value
  const excess = magnitude.toString(2).length - digits
  return excess <= 0 || (magnitude >> BigInt(excess)) << BigInt(excess) === magnitude
}

/** The bits of the half-precision float nearest to `value`, ties to even. */
export function halfFloatBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (magnitude >= 65_520) return sign | 0x7c00
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24)
  let exponent = Math.floor(Math.log2(magnitude))
  if (2 ** exponent > magnitude) exponent--
  // A mantissa that rounds up to the next power of two carries into the exponent by itself.
  return sign | (((exponent + 15) << 10) + roundToEven((magnitude / 2 ** exponent - 1) * 1024))
}

function roundToEven(value: number): number {
  const rounded = Math.round(value)
  return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded
}

export type DecimalType = Extract<DataType, { kind: 'decimal' }>

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/** The unscaled integer of a decimal given as text, bigint or number (by its shortest text). */
export function decimalOf(value: unknown, type: DecimalType): bigint {
  if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'number') {
    throw new UnfitValue('is not the text of a decimal')
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new UnfitValue('is beyond 2^53, where numbers lose digits; give text or a bigint')
  }
  const text = String(value)
  const match = text.length > 200 ? null : DECIMAL_TEXT.exec(text)
  const [sign, whole, fraction] = [match?.[1], match?.[2] ?? '', match?.[3] ?? '']
  if (match === null || whole.length + fraction.length === 0) throw new UnfitValue('is not a decimal number')
  const unscaled = shift(whole + fraction, Number(match[4] ?? 0) - fraction.length + type.scale)
  if (unscaled >= 10n ** BigInt(type.precision)) {
    throw new UnfitValue(`has more than ${type.precision} digits`)
  }
  return sign === '-' ? -unscaled : unscaled
}

/** `digits` × 10^`power`, refused when digits other than zero would fall off. */
function shift(digits: string, power: number): bigint {
  const value = BigInt(digits)
  if (value === 0n) return 0n
  if (power >= 0) return value * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  if (value % divisor !== 0n) throw new UnfitValue('has more digits after the point than the column keeps')
  return value / divisor
}

const INTERVAL_PARTS = ['months', 'days', 'nanoseconds']

/** The value of an interval object in the units of its three parts. */
export function intervalOf(value: unknown): { months: number; days: number; nanoseconds: bigint } {
  const names = isRecord(value) ? Object.keys(value) : []
  if (names.length === 0 || names.some((name) => !INTERVAL_PARTS.includes(name))) {
    throw new UnfitValue('is not an interval { months, days, nanoseconds }')
  }
  const { months = 0, days = 0, nanoseconds = 0n } = value as Record<string, unknown>
  const int32: IntType = { kind: 'int', bitWidth: 32, signed: true }
  return {
    months: smallIntOf(months, int32),
    days: smallIntOf(days, int32),
    nanoseconds: intOf(nanoseconds, { kind: 'int', bitWidth: 64, signed: true }),
  }
}
