import { ProtocolError } from '../../errors.ts'
import { type ArrayData, int64Number } from '../array-data.ts'
import { formatDate } from '../calendar.ts'
import type { TimeUnit } from '../schema.ts'
import { formatTime } from '../time-of-day.ts'
import { Timestamp } from '../timestamp.ts'
import type { Interval } from '../value-format.ts'
import { dateFromMilliseconds, plainDate } from '../value-format.ts'
import type { ValueReader } from '../value-reader.ts'
import { FixedWidthReader } from './number.ts'

/** Date32. Neighbouring rows often share a day, so the last one's text is kept. */
export class DateDayReader extends FixedWidthReader implements ValueReader {
  #day = 0
  #text = '1970-01-01'

  get(index: number): string | null {
    if (this.isNull(index)) return null
    const day = this.view.getInt32(this.first + index * 4, true)
    if (day !== this.#day) {
      this.#text = formatDate(day)
      this.#day = day
    }
    return this.#text
  }
}

/** Date64. */
export class DateMillisecondReader extends FixedWidthReader implements ValueReader {
  get(index: number): string | null {
    if (this.isNull(index)) return null
    return dateFromMilliseconds(this.view.getBigInt64(this.first + index * 8, true))
  }
}

export class TimeReader extends FixedWidthReader implements ValueReader {
  readonly #unit: TimeUnit
  readonly #wide: boolean

  constructor(data: ArrayData, unit: TimeUnit) {
    super(data)
    this.#unit = unit
    this.#wide = unit === 'microsecond' || unit === 'nanosecond'
  }

  get(index: number): string | null {
    if (this.isNull(index)) return null
    const count = this.#wide
      ? int64Number(this.view, this.first + index * 8)
      : this.view.getInt32(this.first + index * 4, true)
    if (!Number.isSafeInteger(count)) throw new ProtocolError('Arrow: a time of day lies beyond any day')
    return formatTime(count, this.#unit)
  }
}

/**
 * How a 64-bit count, read as two 32-bit halves, becomes milliseconds and the nanoseconds below them
 * without a bigint: `high * 2^32` milliseconds are `whole` milliseconds and `rest` units for each `high`.
 */
const SPLIT = {
  second: { whole: 4_294_967_296_000, rest: 0, perMillisecond: 1, milliseconds: 1000, nanoseconds: 0 },
  millisecond: { whole: 4_294_967_296, rest: 0, perMillisecond: 1, milliseconds: 1, nanoseconds: 0 },
  microsecond: { whole: 4_294_967, rest: 296, perMillisecond: 1000, milliseconds: 1, nanoseconds: 1000 },
  nanosecond: { whole: 4294, rest: 967_296, perMillisecond: 1_000_000, milliseconds: 1, nanoseconds: 1 },
} as const

const MAX_DATE_MILLISECONDS = 8.64e15

export class TimestampReader extends FixedWidthReader implements ValueReader {
  readonly #unit: TimeUnit
  readonly #whole: number
  readonly #rest: number
  readonly #perMillisecond: number
  readonly #milliseconds: number
  readonly #nanoseconds: number

  constructor(data: ArrayData, unit: TimeUnit) {
    super(data)
    this.#unit = unit
    const split = SPLIT[unit]
    this.#whole = split.whole
    this.#rest = split.rest
    this.#perMillisecond = split.perMillisecond
    this.#milliseconds = split.milliseconds
    this.#nanoseconds = split.nanoseconds
  }

  get(index: number): Timestamp | null {
    if (this.isNull(index)) return null
    const position = this.first + index * 8
    const high = this.view.getInt32(position + 4, true)
    const units = high * this.#rest + this.view.getUint32(position, true)
    const quotient = Math.floor(units / this.#perMillisecond)
    const milliseconds = high * this.#whole + quotient * this.#milliseconds
    if (milliseconds > MAX_DATE_MILLISECONDS || milliseconds < -MAX_DATE_MILLISECONDS)
      return Timestamp.fromUnits(this.view.getBigInt64(position, true), this.#unit)
    return new Timestamp(milliseconds, (units - quotient * this.#perMillisecond) * this.#nanoseconds)
  }
}

/** Timestamps as ISO 8601 text or as plain dates. */
export class ConvertedTimestampReader implements ValueReader {
  readonly #timestamps: TimestampReader
  readonly #choice: 'string' | 'date'
  readonly #column: string

  constructor(data: ArrayData, unit: TimeUnit, choice: 'string' | 'date', column: string) {
    this.#timestamps = new TimestampReader(data, unit)
    this.#choice = choice
    this.#column = column
  }

  get(index: number): string | Date | null {
    const timestamp = this.#timestamps.get(index)
    if (timestamp === null) return null
    return this.#choice === 'string' ? timestamp.toISOString() : plainDate(timestamp, this.#column)
  }
}

export class IntervalReader extends FixedWidthReader implements ValueReader {
  readonly #unit: 'yearMonth' | 'dayTime' | 'monthDayNano'

  constructor(data: ArrayData, unit: 'yearMonth' | 'dayTime' | 'monthDayNano') {
    super(data)
    this.#unit = unit
  }

  get(index: number): Interval | null {
    if (this.isNull(index)) return null
    const { view, first } = this
    if (this.#unit === 'yearMonth')
      return { months: view.getInt32(first + index * 4, true), days: 0, nanoseconds: 0n }
    if (this.#unit === 'dayTime') {
      const milliseconds = view.getInt32(first + index * 8 + 4, true)
      return {
        months: 0,
        days: view.getInt32(first + index * 8, true),
        nanoseconds: BigInt(milliseconds) * 1_000_000n,
      }
    }
    return {
      months: view.getInt32(first + index * 16, true),
      days: view.getInt32(first + index * 16 + 4, true),
      nanoseconds: view.getBigInt64(first + index * 16 + 8, true),
    }
  }
}
