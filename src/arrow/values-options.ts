/** How values of types JavaScript has no exact counterpart for are represented. Defaults are exact. */
export interface ValueOptions {
  /** Int64 and UInt64. Default `bigint`. `number` throws `LossyValueError` beyond 2^53-1. */
  int64?: 'bigint' | 'number' | 'string'
  /** Decimals of every width. Default `string`, all digits. `number` throws when digits would be lost. */
  decimal?: 'string' | 'number'
  /**
   * Timestamps of every unit. Default `Timestamp`, a `Date` that keeps nanoseconds. `bigint` is the
   * count in the column's unit since the epoch; `string` ISO 8601 with full precision; `date` a plain
   * `Date`, which drops what lies below a millisecond.
   */
  timestamp?: 'timestamp' | 'bigint' | 'string' | 'date'
}
