/** The Arrow type system as plain data, after the columnar format's Schema.fbs. */

export type TimeUnit = 'second' | 'millisecond' | 'microsecond' | 'nanosecond'

export type IntType = { readonly kind: 'int'; readonly bitWidth: 8 | 16 | 32 | 64; readonly signed: boolean }

export type DataType =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  | IntType
  | { readonly kind: 'float'; readonly bitWidth: 16 | 32 | 64 }
  | {
      readonly kind: 'decimal'
      readonly bitWidth: 32 | 64 | 128 | 256
      readonly precision: number
      readonly scale: number
    }
  | { readonly kind: 'utf8' | 'largeUtf8' | 'utf8View' }
  | { readonly kind: 'binary' | 'largeBinary' | 'binaryView' }
  | { readonly kind: 'fixedSizeBinary'; readonly byteWidth: number }
  | { readonly kind: 'date'; readonly unit: 'day' | 'millisecond' }
  | { readonly kind: 'time'; readonly unit: TimeUnit; readonly bitWidth: 32 | 64 }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly timezone: string | null }
  | { readonly kind: 'duration'; readonly unit: TimeUnit }
  | { readonly kind: 'interval'; readonly unit: 'yearMonth' | 'dayTime' | 'monthDayNano' }
  | { readonly kind: 'list' | 'largeList' | 'listView' | 'largeListView'; readonly child: Field }
  | { readonly kind: 'fixedSizeList'; readonly size: number; readonly child: Field }
  | { readonly kind: 'struct'; readonly children: readonly Field[] }
  /** `entries` is the struct field of the physical layout, its two children the key and the value. */
  | { readonly kind: 'map'; readonly keysSorted: boolean; readonly entries: Field }
  | {
      readonly kind: 'union'
      readonly mode: 'sparse' | 'dense'
      readonly typeIds: readonly number[]
      readonly children: readonly Field[]
    }
  | {
      readonly kind: 'dictionary'
      readonly id: bigint
      readonly index: IntType
      readonly value: DataType
      readonly ordered: boolean
    }
  | { readonly kind: 'runEndEncoded'; readonly runEnds: Field; readonly values: Field }

export interface Field {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  /** Custom metadata; extension types keep their name in `ARROW:extension:name`. */
  readonly metadata: ReadonlyMap<string, string>
}

export interface Schema {
  readonly fields: readonly Field[]
  readonly metadata: ReadonlyMap<string, string>
}

export const NO_METADATA: ReadonlyMap<string, string> = new Map()

/** Shorthand for a field without metadata, nullable unless said otherwise. */
export function field(name: string, type: DataType, nullable = true): Field {
  return { name, type, nullable, metadata: NO_METADATA }
}
