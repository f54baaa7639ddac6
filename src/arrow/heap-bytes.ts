import type { DataType } from './schema.ts'

/** What an element takes in an array or an object, whatever it is. */
export const SLOT_BYTES = 8
export const LIST_BYTES = 32
export const OBJECT_BYTES = 24
export const MAP_BYTES = 128
/** A `Uint8Array` and the memory it lies in, beyond its bytes. */
export const BINARY_BYTES = 128

/**
 * About how many bytes a value of a type takes in memory beyond the slot that holds it. Zero for numbers, and
 * for what its reader counts itself: lists, objects, maps, bytes, and the characters of texts.
 */
export function heapBytes(type: DataType): number {
  switch (type.kind) {
    case 'int':
      return type.bitWidth === 64 ? 24 : 0
    case 'duration':
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return 24
    case 'date':
    case 'time':
      return 32
    case 'decimal':
      return 40
    case 'timestamp':
    case 'interval':
      return 80
    case 'union':
      return type.children.reduce((most, child) => Math.max(most, heapBytes(child.type)), 0)
    case 'dictionary':
      return heapBytes(type.value)
    case 'runEndEncoded':
      return heapBytes(type.values.type)
    default:
      return 0
  }
}

/** The same for values a dictionary gives: those that cannot be changed are made once, not for every row. */
export function heapBytesOfShared(type: DataType): number {
  return type.kind === 'timestamp' || type.kind === 'interval' ? heapBytes(type) : 0
}
