/** Protobuf messages described as tables, and the wire types their fields travel as. */

export type ScalarKind =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'enum'
  | 'double'

interface FieldBase {
  readonly number: number
  readonly name: string
  /** `single` fields have a default value, `optional` ones are undefined when absent. */
  readonly rule: 'single' | 'optional' | 'repeated' | 'map'
}

export type FieldTable = FieldBase &
  (
    | { readonly kind: ScalarKind; readonly message?: undefined }
    | { readonly kind: 'message'; readonly message: MessageType<unknown> }
    /** `map<string, string>`, the only map Flight has. */
    | { readonly kind: 'map'; readonly message?: undefined }
  )

/** A message as its field table, ordered by field number; `T` is the shape `decode` returns. */
export interface MessageType<T> {
  readonly typeName: string
  readonly fields: readonly FieldTable[]
  /** Never present; carries `T`. */
  readonly shape?: T
}

/** What `encode` takes: every field may be left out, which means its default. */
export type MessageInit<T> = { readonly [K in keyof T]?: FieldInit<T[K]> }
type FieldInit<V> = V extends Uint8Array | ReadonlyMap<string, string>
  ? V
  : V extends ReadonlyArray<infer E>
    ? ReadonlyArray<FieldInit<E>>
    : V extends object
      ? MessageInit<V>
      : V

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const START_GROUP = 3
export const END_GROUP = 4
export const FIXED32 = 5

/** The wire type of one value of a field; repeated numbers may be packed instead. */
export function wireTypeOf(field: FieldTable): number {
  switch (field.kind) {
    case 'string':
    case 'bytes':
    case 'message':
    case 'map':
      return LENGTH_DELIMITED
    case 'double':
      return FIXED64
    default:
      return VARINT
  }
}
