import { Timestamp } from '../../src/arrow/index.ts'

/** What `every_type` in arrow_cases.py has to read as: column by column, the three rows. */
export const EVERY_TYPE: Readonly<Record<string, readonly unknown[]>> = {
  null: [null, null, null],
  bool: [true, null, false],
  int8: [1, null, -128],
  int16: [1, null, -32_768],
  int32: [1, null, -2_147_483_648],
  int64: [1n, null, -(2n ** 63n)],
  uint8: [1, null, 255],
  uint16: [1, null, 65_535],
  uint32: [1, null, 4_294_967_295],
  uint64: [1n, null, 2n ** 64n - 1n],
  float16: [1.5, null, -0.25],
  float32: [1.5, null, -0.25],
  float64: [1.5, null, 1e308],
  decimal32: ['1.23', null, '-99999.99'],
  decimal64: ['1.23', null, '-9999999999999.99'],
  decimal128: ['1.2300000000', null, '-9999999999999999999999999999.9999999999'],
  decimal256: ['1.5', null, `-${'9'.repeat(75)}.9`],
  utf8: ['plain', null, 'żółć 🙂'],
  large_utf8: ['plain', null, ''],
  utf8_view: ['short', null, 'longer than twelve bytes'],
  binary: [bytes(0, 1), null, bytes()],
  large_binary: [bytes(0, 1), null, bytes(255)],
  binary_view: [bytes(0), null, bytes(...Array(20).keys())],
  fixed_size_binary: [bytes(97, 98, 99), null, bytes(0, 1, 2)],
  date32: ['2026-01-02', null, '1969-12-31'],
  date64: ['2026-01-02', null, '1969-12-31'],
  time32_s: ['01:01:01', null, '23:59:59'],
  time32_ms: ['01:01:01.001', null, '00:00:00'],
  time64_us: ['01:01:01.000001', null, '00:00:00'],
  time64_ns: ['01:01:01.000000001', null, '23:59:59.999999999'],
  timestamp_s: [instant(1_700_000_000_000_000_000n), null, instant(-1_000_000_000n)],
  timestamp_ms: [instant(1_700_000_000_001_000_000n), null, instant(-1_000_000n)],
  timestamp_us: [instant(1_700_000_000_000_001_000n), null, instant(-1_000n)],
  timestamp_ns: [instant(1_700_000_000_000_000_001n), null, instant(-1n)],
  duration_s: [1n, null, -(2n ** 62n)],
  duration_ms: [1n, null, -1n],
  duration_us: [1n, null, -1n],
  duration_ns: [1n, null, -1n],
  interval: [{ months: 1, days: 2, nanoseconds: 3n }, null, { months: -1, days: -2, nanoseconds: -3n }],
  list: [[1, null, 3], null, []],
  large_list: [['a'], null, ['b', null]],
  list_view: [[1n], null, [2n, 3n]],
  large_list_view: [[1], null, [2, 3]],
  fixed_size_list: [[1, 2], null, [3, null]],
  struct: [{ name: 'a', count: 1n }, null, { name: null, count: -1n }],
  map: [
    new Map<string, number | null>([
      ['a', 1],
      ['b', null],
    ]),
    null,
    new Map(),
  ],
  dictionary: ['x', null, 'y'],
  run_end_encoded: ['x', null, 'y'],
  sparse_union: [1, 'two', null],
  dense_union: [1, 'two', null],
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}

function instant(nanoseconds: bigint): Timestamp {
  return Timestamp.fromEpochNanoseconds(nanoseconds)
}
