import { UnsupportedError } from '../errors.ts'
import type { DataType, Field, IntType, Schema } from './schema.ts'
import {
  DATE_UNITS,
  FLOAT_WIDTHS,
  INTERVAL_UNITS,
  TIME_UNITS,
  TYPE_NUMBER,
  UNION_MODES,
} from './type-numbers.ts'

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

/** Of apache-arrow's enumeration alone: the format has it beside the type. */
const DICTIONARY = -1

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
    case TYPE_NUMBER.null:
      return { kind: 'null' }
    case TYPE_NUMBER.int:
      return { kind: 'int', bitWidth: type.bitWidth as IntType['bitWidth'], signed: type.isSigned }
    case TYPE_NUMBER.float:
      return { kind: 'float', bitWidth: FLOAT_WIDTHS[type.precision]! }
    case TYPE_NUMBER.binary:
      return { kind: 'binary' }
    case TYPE_NUMBER.utf8:
      return { kind: 'utf8' }
    case TYPE_NUMBER.bool:
      return { kind: 'bool' }
    case TYPE_NUMBER.decimal: {
      const bitWidth = (type.bitWidth ?? 128) as 32 | 64 | 128 | 256
      return { kind: 'decimal', bitWidth, precision: type.precision, scale: type.scale }
    }
    case TYPE_NUMBER.date:
      return { kind: 'date', unit: DATE_UNITS[type.unit]! }
    case TYPE_NUMBER.time:
      return { kind: 'time', unit: TIME_UNITS[type.unit]!, bitWidth: type.bitWidth as 32 | 64 }
    case TYPE_NUMBER.timestamp:
      return { kind: 'timestamp', unit: TIME_UNITS[type.unit]!, timezone: type.timezone ?? null }
    case TYPE_NUMBER.interval:
      return { kind: 'interval', unit: INTERVAL_UNITS[type.unit]! }
    case TYPE_NUMBER.list:
      return { kind: 'list', child: children[0]! }
    case TYPE_NUMBER.struct:
      return { kind: 'struct', children }
    case TYPE_NUMBER.union:
      return {
        kind: 'union',
        mode: UNION_MODES[type.mode]!,
        typeIds: Array.from(type.typeIds),
        children,
      }
    case TYPE_NUMBER.fixedSizeBinary:
      return { kind: 'fixedSizeBinary', byteWidth: type.byteWidth }
    case TYPE_NUMBER.fixedSizeList:
      return { kind: 'fixedSizeList', size: type.listSize, child: children[0]! }
    case TYPE_NUMBER.map:
      return { kind: 'map', keysSorted: type.keysSorted, entries: children[0]! }
    case TYPE_NUMBER.duration:
      return { kind: 'duration', unit: TIME_UNITS[type.unit]! }
    case TYPE_NUMBER.largeBinary:
      return { kind: 'largeBinary' }
    case TYPE_NUMBER.largeUtf8:
      return { kind: 'largeUtf8' }
    case TYPE_NUMBER.largeList:
      return { kind: 'largeList', child: children[0]! }
    case TYPE_NUMBER.binaryView:
      return { kind: 'binaryView' }
    case TYPE_NUMBER.utf8View:
      return { kind: 'utf8View' }
    default:
      throw new UnsupportedError(
        `Column "${name}" is of an apache-arrow type that is not known: ${String(type)}`,
      )
  }
}
