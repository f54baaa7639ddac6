import { createRequire } from 'node:module'
import type { DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api'

export type RawChunk = DuckDBDataChunk['chunk']
export type RawVector = Parameters<typeof DuckDBVector.create>[0]

/**
 * The few functions of DuckDB's C API that hand out a vector's memory, as `@duckdb/node-bindings` exposes
 * them. Every `Uint8Array` they return is a fresh copy, so nothing here outlives the chunk by accident.
 */
interface VectorFunctions {
  data_chunk_get_vector(chunk: RawChunk, columnIndex: number): RawVector
  vector_get_data(vector: RawVector, byteCount: number): Uint8Array
  vector_get_validity(vector: RawVector, byteCount: number): Uint8Array | null
  list_vector_get_child(vector: RawVector): RawVector
  list_vector_get_size(vector: RawVector): number
  struct_vector_get_child(vector: RawVector, index: number): RawVector
  array_vector_get_child(vector: RawVector): RawVector
  get_data_from_pointer(source: ArrayBuffer, pointerOffset: number, byteCount: number): Uint8Array
}

// The bindings are a dependency of @duckdb/node-api, not of this package: they are resolved from there, so
// that package managers with strict node_modules find them, and so that both are the same native module.
const fromHere = createRequire(import.meta.url)
const functions: VectorFunctions = createRequire(fromHere.resolve('@duckdb/node-api'))(
  '@duckdb/node-bindings',
)

export function columnVector(chunk: RawChunk, columnIndex: number): RawVector {
  return functions.data_chunk_get_vector(chunk, columnIndex)
}

/** The first `byteCount` bytes of the vector's data, 8-byte aligned in memory. */
export function vectorBytes(vector: RawVector, byteCount: number): Uint8Array {
  if (byteCount === 0) return new Uint8Array(0)
  return aligned(functions.vector_get_data(vector, byteCount))
}

/** The vector's validity bits (1 = not null, least significant bit first, as in Arrow); null: all valid. */
export function vectorValidity(vector: RawVector, count: number): Uint8Array | null {
  return count === 0 ? null : functions.vector_get_validity(vector, Math.ceil(count / 64) * 8)
}

export function listChild(vector: RawVector): { vector: RawVector; size: number } {
  return { vector: functions.list_vector_get_child(vector), size: functions.list_vector_get_size(vector) }
}

export function structChild(vector: RawVector, index: number): RawVector {
  return functions.struct_vector_get_child(vector, index)
}

export function arrayChild(vector: RawVector): RawVector {
  return functions.array_vector_get_child(vector)
}

/** Copies `byteCount` bytes from the address stored in `pointers` at `pointerOffset` (8 bytes). */
export function bytesBehindPointer(
  pointers: Uint8Array,
  pointerOffset: number,
  byteCount: number,
): Uint8Array {
  return functions.get_data_from_pointer(
    pointers.buffer as ArrayBuffer,
    pointers.byteOffset + pointerOffset,
    byteCount,
  )
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.prototype.slice.call(bytes)
}
