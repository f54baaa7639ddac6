import type { DataType } from './schema.ts'

/**
 * Numbers of the `Type` union of the format's Schema.fbs, which apache-arrow's `Type` enumeration shares as far
 * as it has the type. A dictionary-encoded field has the number of its values' type.
 */
export const TYPE_NUMBER = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  union: 14,
  fixedSizeBinary: 15,
  fixedSizeList: 16,
  map: 17,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  runEndEncoded: 22,
  binaryView: 23,
  utf8View: 24,
  listView: 25,
  largeListView: 26,
} as const satisfies Record<Exclude<DataType['kind'], 'dictionary'>, number>

/** What the enumerations of Schema.fbs stand for, each at the place of its number. */
export const TIME_UNITS = ['second', 'millisecond', 'microsecond', 'nanosecond'] as const
export const DATE_UNITS = ['day', 'millisecond'] as const
export const INTERVAL_UNITS = ['yearMonth', 'dayTime', 'monthDayNano'] as const
export const FLOAT_WIDTHS = [16, 32, 64] as const
export const UNION_MODES = ['sparse', 'dense'] as const
