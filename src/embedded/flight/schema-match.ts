import type { DataType, Field, Schema } from '../../arrow/schema.ts'
import { invalidArgument } from './flight-error.ts'

/**
 * The order in which the columns sent fill the dataset's: one index into `sent` per column of `expected`.
 * Columns are matched by name and have to be of the same type; encodings of one type (large, view,
 * dictionary) count as the same. Throws `FlightError` INVALID_ARGUMENT saying what differs.
 */
export function matchColumns(expected: Schema, sent: Schema): number[] {
  const names = sent.fields.map((field) => field.name)
  if (new Set(names).size !== names.length) throw mismatch('a column name occurs twice')
  const unknown = names.find((name) => !expected.fields.some((field) => field.name === name))
  if (unknown !== undefined) throw mismatch(`the dataset has no column ${unknown}`)
  return expected.fields.map((field) => {
    const index = names.indexOf(field.name)
    if (index < 0) throw mismatch(`column ${field.name} is missing`)
    const type = sent.fields[index].type
    if (!sameType(field.type, type)) {
      throw mismatch(`column ${field.name} is ${describe(field.type)}, not ${describe(type)}`)
    }
    return index
  })
}

function mismatch(what: string): Error {
  return invalidArgument(`Schema mismatch: ${what}`)
}

function sameType(expected: DataType, sent: DataType): boolean {
  return describe(expected) === describe(sent)
}

/** A type as text, the same for every encoding of it. */
function describe(type: DataType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 'Int' : 'UInt'}${type.bitWidth}`
    case 'float':
      return `Float${type.bitWidth}`
    case 'decimal':
      return `Decimal(${type.precision}, ${type.scale})`
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return 'Utf8'
    case 'binary':
    case 'largeBinary':
    case 'binaryView':
    case 'fixedSizeBinary':
      return 'Binary'
    case 'time':
      return `Time(${type.unit})`
    case 'timestamp':
      return `Timestamp(${type.unit}${type.timezone === null ? '' : ', with zone'})`
    case 'duration':
      return `Duration(${type.unit})`
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return `List(${describe(type.child.type)})`
    case 'fixedSizeList':
      return `FixedSizeList(${type.size}, ${describe(type.child.type)})`
    case 'struct':
      return `Struct(${describeMembers(type.children)})`
    case 'union':
      return `Union(${describeMembers(type.children)})`
    case 'map': {
      const entries = type.entries.type
      return `Map(${entries.kind === 'struct' ? entries.children.map((child) => describe(child.type)).join(', ') : '?'})`
    }
    case 'dictionary':
      return describe(type.value)
    case 'runEndEncoded':
      return describe(type.values.type)
    default:
      return type.kind[0].toUpperCase() + type.kind.slice(1)
  }
}

function describeMembers(members: readonly Field[]): string {
  return members.map((member) => `${member.name}: ${describe(member.type)}`).join(', ')
}
