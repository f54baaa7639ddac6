import { bytesBehindPointer } from './raw-vectors.ts'

/** A `duckdb_string_t`: length (4 bytes), then 12 inline bytes, or a 4-byte prefix and an 8-byte pointer. */
export const STRING_WIDTH = 16
export const INLINE_LENGTH = 12
const POINTER_OFFSET = 8

/** The smallest page size of the platforms DuckDB runs on. */
const PAGE_BYTES = 4096
/** Neighbouring strings further apart than this are fetched apart. */
const MAX_GAP_BYTES = 256
const MAX_RUN_BYTES = 1 << 20

/** Memory copied out of DuckDB that holds one or more strings. */
export interface StringRun {
  readonly address: number
  readonly bytes: Uint8Array
}

/**
 * The memory behind the strings too long to be inline, fetched in as few calls as possible: a call into
 * the bindings costs more than a microsecond, and DuckDB keeps the strings of a vector side by side
 * (in its string heap) or in one dictionary. Strings are joined into one run when at most a small gap
 * (alignment, a length prefix) lies between them and every memory page of the run holds a byte of a
 * string, so that only mapped memory is read.
 * @param strings `duckdb_string_t` structures, 4-byte aligned
 * @param longRows the rows whose strings are not inline
 * @returns runs by ascending address
 */
export function fetchStringRuns(strings: Uint8Array, longRows: readonly number[]): StringRun[] {
  const count = longRows.length
  const starts = new Float64Array(count)
  const ends = new Float64Array(count)
  const words = new Uint32Array(strings.buffer as ArrayBuffer, strings.byteOffset, strings.byteLength >> 2)
  let ascending = true
  for (let index = 0; index < count; index++) {
    const row = longRows[index]
    starts[index] = stringAddress(words, row)
    ends[index] = starts[index] + words[row * 4]
    ascending &&= index === 0 || (starts[index] >= starts[index - 1] && ends[index] >= ends[index - 1])
  }
  if (!ascending) {
    // Sorted apart: the strings before a break are those whose ends come before the next start.
    starts.sort()
    ends.sort()
  }
  const runs: StringRun[] = []
  const pointer = new Uint8Array(8)
  const pointerView = new DataView(pointer.buffer)
  let first = 0
  for (let index = 0; index < count; index++) {
    if (index + 1 < count && joins(starts[first], ends[index], starts[index + 1], ends[index + 1])) continue
    pointerView.setBigUint64(0, BigInt(starts[first]), true)
    runs.push({ address: starts[first], bytes: bytesBehindPointer(pointer, 0, ends[index] - starts[first]) })
    first = index + 1
  }
  return runs
}

function joins(runStart: number, runEnd: number, nextStart: number, nextEnd: number): boolean {
  if (nextStart < runEnd) return true
  if (nextStart - runEnd > MAX_GAP_BYTES || nextEnd - runStart > MAX_RUN_BYTES) return false
  return Math.floor(nextStart / PAGE_BYTES) <= Math.floor((runEnd - 1) / PAGE_BYTES) + 1
}

/** The address of row `row`'s string; user-space addresses are exact as numbers. */
export function stringAddress(words: Uint32Array, row: number): number {
  const at = row * (STRING_WIDTH / 4) + POINTER_OFFSET / 4
  return words[at] + words[at + 1] * 0x1_0000_0000
}

/** The run that holds `address`, looked for from index `guess` first. */
export function runIndexOf(runs: readonly StringRun[], address: number, guess: number): number {
  if (holds(runs[guess], address)) return guess
  if (guess + 1 < runs.length && holds(runs[guess + 1], address)) return guess + 1
  let low = 0
  let high = runs.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (runs[middle].address <= address) low = middle
    else high = middle - 1
  }
  return low
}

function holds(run: StringRun, address: number): boolean {
  return address >= run.address && address < run.address + run.bytes.length
}
