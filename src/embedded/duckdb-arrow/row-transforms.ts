import { bytesOf } from './byte-parts.ts'
import { ArrowConversionError } from './conversion-error.ts'
import type { RowTransform } from './fixed-width-column.ts'

/** DECIMAL up to 4 digits (16 bits) to the 128 bits of Arrow's Decimal128. */
export const widenInt16: RowTransform = (rows, count) =>
  widenSmall(new Int16Array(rows.buffer as ArrayBuffer, rows.byteOffset, count))

/** DECIMAL up to 9 digits (32 bits) to 128 bits. */
export const widenInt32: RowTransform = (rows, count) =>
  widenSmall(new Int32Array(rows.buffer as ArrayBuffer, rows.byteOffset, count))

/** DECIMAL up to 18 digits (64 bits) to 128 bits. */
export const widenInt64: RowTransform = (rows, count) => {
  const words = words32(rows, count * 2)
  const wide = new Int32Array(count * 4)
  for (let row = 0; row < count; row++) {
    const high = words[row * 2 + 1]
    wide[row * 4] = words[row * 2]
    wide[row * 4 + 1] = high
    wide[row * 4 + 2] = high >> 31
    wide[row * 4 + 3] = high >> 31
  }
  return bytesOf(wide)
}

function widenSmall(values: Int16Array | Int32Array): Uint8Array {
  const wide = new Int32Array(values.length * 4)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    const sign = value >> 31
    wide[row * 4] = value
    wide[row * 4 + 1] = sign
    wide[row * 4 + 2] = sign
    wide[row * 4 + 3] = sign
  }
  return bytesOf(wide)
}

const DECIMAL_38_LIMIT = 10n ** 38n
/** The highest 32 of 128 bits below which a magnitude is surely under 10^38. */
const DECIMAL_38_TOP_WORD = Number(DECIMAL_38_LIMIT >> 96n)

/** HUGEINT keeps its 128 bits; a value beyond the 38 digits of Decimal128 is an error. */
export const checkHugeInt: RowTransform = (rows, count, isNull) => checkDecimal38(rows, count, isNull, true)

/** UHUGEINT, under the same limit. */
export const checkUnsignedHugeInt: RowTransform = (rows, count, isNull) =>
  checkDecimal38(rows, count, isNull, false)

function checkDecimal38(
  rows: Uint8Array,
  count: number,
  isNull: ((row: number) => boolean) | null,
  signed: boolean,
): Uint8Array {
  const words = words32(rows, count * 4)
  for (let row = 0; row < count; row++) {
    const top = signed ? words[row * 4 + 3] : words[row * 4 + 3] >>> 0
    if (top < DECIMAL_38_TOP_WORD && top >= -DECIMAL_38_TOP_WORD) continue
    if (isNull?.(row)) continue
    const value = int128At(rows, row, signed)
    if (value < DECIMAL_38_LIMIT && value > -DECIMAL_38_LIMIT) continue
    throw new ArrowConversionError(
      `the ${signed ? 'HUGEINT' : 'UHUGEINT'} ${value} has more than the 38 digits of Decimal128; cast the column to VARCHAR`,
    )
  }
  return rows
}

function int128At(rows: Uint8Array, row: number, signed: boolean): bigint {
  const view = new DataView(rows.buffer, rows.byteOffset + row * 16, 16)
  const high = signed ? view.getBigInt64(8, true) : view.getBigUint64(8, true)
  return (high << 64n) | view.getBigUint64(0, true)
}

/** INTERVAL {months, days, microseconds} to Arrow's MonthDayNano {months, days, nanoseconds}. */
export const intervalToMonthDayNano: RowTransform = (rows, count, isNull) => {
  const values = new BigInt64Array(rows.buffer as ArrayBuffer, rows.byteOffset, count * 2)
  for (let row = 0; row < count; row++) {
    if (isNull?.(row)) continue
    const nanoseconds = values[row * 2 + 1] * 1000n
    if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) {
      throw new ArrowConversionError(
        `an INTERVAL of ${values[row * 2 + 1]} microseconds does not fit the nanoseconds of Arrow; cast the column to VARCHAR`,
      )
    }
    values[row * 2 + 1] = nanoseconds
  }
  return rows
}

function words32(rows: Uint8Array, length: number): Int32Array {
  return new Int32Array(rows.buffer as ArrayBuffer, rows.byteOffset, length)
}
