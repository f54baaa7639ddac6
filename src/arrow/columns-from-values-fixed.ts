import { bytesOf } from './columns-from-values-bytes.ts'
import {
  decimalOf,
  floatOf,
  halfFloatBits,
  integerOf,
  intervalOf,
  intOf,
  smallIntOf,
} from './columns-from-values-scalars.ts'
import { dateMillisecondsOf, daysOf, timeOf, timestampOf } from './columns-from-values-temporal.ts'
import type { DataType } from './schema.ts'
import { UnfitValue } from './unfit-value.ts'
import { forEachValue, type Locate } from './values-walk.ts'

/** The data buffer of a type whose values all have one width; null for other types. */
export function fixedWidthBuffer(type: DataType, values: readonly unknown[], at: Locate): Uint8Array | null {
  const count = values.length
  const numbers = (array: NumberArray, convert: (value: unknown) => number): Uint8Array => {
    forEachValue(values, at, (value, i) => {
      array[i] = convert(value)
    })
    return bytesUnder(array)
  }
  const bigints = (array: BigIntArray, convert: (value: unknown) => bigint): Uint8Array => {
    forEachValue(values, at, (value, i) => {
      array[i] = convert(value)
    })
    return bytesUnder(array)
  }
  switch (type.kind) {
    case 'bool':
      return bits(values, at)
    case 'int': {
      if (type.bitWidth === 64) {
        const array = type.signed ? new BigInt64Array(count) : new BigUint64Array(count)
        return bigints(array, (value) => intOf(value, type))
      }
      const IntArray = type.signed ? SIGNED[type.bitWidth] : UNSIGNED[type.bitWidth]
      return numbers(new IntArray(count), (value) => smallIntOf(value, type))
    }
    case 'float':
      if (type.bitWidth === 16)
        return numbers(new Uint16Array(count), (value) => halfFloatBits(floatOf(value, 16)))
      if (type.bitWidth === 32) return numbers(new Float32Array(count), (value) => floatOf(value, 32))
      return numbers(new Float64Array(count), (value) => floatOf(value, 64))
    case 'decimal':
      return words(values, at, type.bitWidth, (value) => fitted(decimalOf(value, type), type.bitWidth))
    case 'date':
      if (type.unit === 'day')
        return numbers(new Int32Array(count), (value) => Number(fitted(BigInt(daysOf(value)), 32)))
      return bigints(new BigInt64Array(count), (value) => fitted(dateMillisecondsOf(value), 64))
    case 'time':
      if (type.bitWidth === 32)
        return numbers(new Int32Array(count), (value) => Number(timeOf(value, type.unit)))
      return bigints(new BigInt64Array(count), (value) => timeOf(value, type.unit))
    case 'timestamp':
      return bigints(new BigInt64Array(count), (value) =>
        fitted(timestampOf(value, type.unit, type.timezone), 64),
      )
    case 'duration':
      return bigints(new BigInt64Array(count), (value) => fitted(integerOf(value), 64))
    case 'interval':
      return intervals(type.unit, values, at)
    case 'fixedSizeBinary': {
      const buffer = new Uint8Array(count * type.byteWidth)
      forEachValue(values, at, (value, i) => {
        const bytes = bytesOf(value)
        if (bytes.length !== type.byteWidth)
          throw new UnfitValue(`are not the ${type.byteWidth} bytes of the type`)
        buffer.set(bytes, i * type.byteWidth)
      })
      return buffer
    }
    default:
      return null
  }
}

type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
type BigIntArray = BigInt64Array | BigUint64Array

const SIGNED = { 8: Int8Array, 16: Int16Array, 32: Int32Array } as const
const UNSIGNED = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array } as const

function bytesUnder(array: NumberArray | BigIntArray): Uint8Array {
  return new Uint8Array(array.buffer)
}

/** What a signed integer of that width holds. */
function fitted(value: bigint, bitWidth: number): bigint {
  if (BigInt.asIntN(bitWidth, value) !== value) throw new UnfitValue('is out of range')
  return value
}

function bits(values: readonly unknown[], at: Locate): Uint8Array {
  const buffer = new Uint8Array(Math.ceil(values.length / 8))
  forEachValue(values, at, (value, i) => {
    if (typeof value !== 'boolean') throw new UnfitValue('is not a boolean')
    if (value) buffer[i >> 3] |= 1 << (i & 7)
  })
  return buffer
}

/** Little-endian two's complement integers of 32 bits or several 64-bit words. */
function words(
  values: readonly unknown[],
  at: Locate,
  bitWidth: number,
  convert: (value: unknown) => bigint,
): Uint8Array {
  if (bitWidth === 32) {
    const array = new Int32Array(values.length)
    forEachValue(values, at, (value, i) => {
      array[i] = Number(convert(value))
    })
    return bytesUnder(array)
  }
  const width = bitWidth / 64
  const array = new BigUint64Array(values.length * width)
  forEachValue(values, at, (value, i) => {
    let rest = convert(value)
    for (let word = 0; word < width; word++) {
      array[i * width + word] = rest & 0xffff_ffff_ffff_ffffn
      rest >>= 64n
    }
  })
  return bytesUnder(array)
}

function intervals(
  unit: Extract<DataType, { kind: 'interval' }>['unit'],
  values: readonly unknown[],
  at: Locate,
): Uint8Array {
  const width = unit === 'yearMonth' ? 4 : unit === 'dayTime' ? 8 : 16
  const buffer = new Uint8Array(values.length * width)
  const view = new DataView(buffer.buffer)
  forEachValue(values, at, (value, i) => {
    const { months, days, nanoseconds } = intervalOf(value)
    if (unit === 'yearMonth') {
      if (days !== 0 || nanoseconds !== 0n) throw new UnfitValue('has more than months')
      view.setInt32(i * 4, months, true)
    } else if (unit === 'dayTime') {
      const milliseconds = nanoseconds / 1_000_000n
      if (
        months !== 0 ||
        milliseconds * 1_000_000n !== nanoseconds ||
        BigInt.asIntN(32, milliseconds) !== milliseconds
      ) {
        throw new UnfitValue('is more than days and milliseconds')
      }
      view.setInt32(i * 8, days, true)
      view.setInt32(i * 8 + 4, Number(milliseconds), true)
    } else {
      view.setInt32(i * 16, months, true)
      view.setInt32(i * 16 + 4, days, true)
      view.setBigInt64(i * 16 + 8, nanoseconds, true)
    }
  })
  return buffer
}
