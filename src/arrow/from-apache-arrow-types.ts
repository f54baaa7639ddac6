import { UnsupportedError } from '../errors.ts'
import type { DataType, Field, IntType, Schema, TimeUnit } from './schema.ts'

/*
 * apache-arrow's schemas as ours. By shape and by number, for the objects may come from another copy or release
 * of the library than the one this package loads, where `instanceof` fails.
 */

export interface ForeignSchema {
  readonly fields: readonly ForeignField[]
  readonly metadata?: ReadonlyMap<string, string>
}

interface ForeignField {
  readonly name: string
  readonly type: ForeignType
  readonly nullable: boolean
  readonly metadata?: ReadonlyMap<string, string>
}

/** A type of any kind: each has some of these. */
export interface ForeignType {
  readonly typeId: number
  readonly children?: readonly ForeignField[] | null
  readonly bitWidth: number
  readonly isSigned: boolean
  readonly precision: number
  readonly scale: number
  readonly unit: number
  readonly timezone?: string | null
  readonly byteWidth: number
  readonly listSize: number
  readonly keysSorted: boolean
  readonly mode: number
  readonly typeIds: ArrayLike<number>
  readonly id: number
  readonly indices: ForeignType
  readonly dictionary: ForeignType
  readonly isOrdered: boolean
}

export function fromArrowSchema(schema: ForeignSchema): Schema {
  return { fields: schema.fields.map(fromArrowField), metadata: schema.metadata ?? new Map() }
}

function fromArrowField({ name, type, nullable, metadata }: ForeignField): Field {
  return { name, type: fromArrowType(type, name), nullable, metadata: metadata ?? new Map() }
}

const UNITS: readonly TimeUnit[] = ['second', 'millisecond', 'microsecond', 'nanosecond']
const INTERVALS = ['yearMonth', 'dayTime', 'monthDayNano'] as const
const DICTIONARY = -1

/** Numbers are those of the `Type` enumeration of apache-arrow, for most types also of Schema.fbs. */
function fromArrowType(type: ForeignType, name: string): DataType {
  const children = (type.children ?? []).map(fromArrowField)
  switch (type.typeId) {
    case DICTIONARY:
      return {
        kind: 'dictionary',
        id: BigInt(type.id),
        index: fromArrowType(type.indices, name) as IntType,
        value: fromArrowType(type.dictionary, name),
        ordered: type.isOrdered,
      }
    case 1:
      return { kind: 'null' }
    case 2:
      return { kind: 'int', bitWidth: type.bitWidth as IntType['bitWidth'], signed: type.isSigned }
    case 3:
      return { kind: 'float', bitWidth: ([16, 32, 64] as const)[type.precision]! }
    case 4:
      return { kind: 'binary' }
    case 5:
      return { kind: 'utf8' }
    case 6:
      return { kind: 'bool' }
    case 7: {
      const bitWidth = (type.bitWidth ?? 128) as 32 | 64 | 128 | 256
      return { kind: 'decimal', bitWidth, precision: type.precision, scale: type.scale }
    }
    case 8:
      return { kind: 'date', unit: type.unit === 0 ? 'day' : 'millisecond' }
    case 9:
      return { kind: 'time', unit: UNITS[type.unit]!, bitWidth: type.bitWidth as 32 | 64 }
    case 10:
      return { kind: 'timestamp', unit: UNITS[type.unit]!, timezone: type.timezone ?? null }
    case 11:
      return { kind: 'interval', unit: INTERVALS[type.unit]! }
    case 12:
      return { kind: 'list', child: children[0]! }
    case 13:
      return { kind: 'struct', children }
    case 14:
      return {
        kind: 'union',
        mode: type.mode === 0 ? 'sparse' : 'dense',
        typeIds: Array.from(type.typeIds),
        children,
      }
    case 15:
      return { kind: 'fixedSizeBinary', byteWidth: type.byteWidth }
    case 16:
      return { kind: 'fixedSizeList', size: type.listSize, child: children[0]! }
    case 17:
      return { kind: 'map', keysSorted: type.keysSorted, entries: children[0]! }
    case 18:
      return { kind: 'duration', unit: UNITS[type.unit]! }
    case 19:
      return { kind: 'largeBinary' }
    case 20:
      return { kind: 'largeUtf8' }
    case 21:
      return { kind: 'largeList', child: children[0]! }
    case 23:
      return { kind: 'binaryView' }
    case 24:
      return { kind: 'utf8View' }
    default:
      throw new UnsupportedError(
        `Column "${name}" is of an apache-arrow type that is not known: ${String(type)}`,
      )
  }
}
