import type { DataType } from './schema.ts'

/** A type as people write it, for messages and generated comments: `Int64`, `Decimal(10, 2)`, `List<Utf8>`. */
export function typeName(type: DataType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? 'Int' : 'UInt'}${type.bitWidth}`
    case 'float':
      return `Float${type.bitWidth}`
    case 'decimal':
      return `Decimal(${type.precision}, ${type.scale})`
    case 'fixedSizeBinary':
      return `FixedSizeBinary(${type.byteWidth})`
    case 'date':
      return type.unit === 'day' ? 'Date32' : 'Date64'
    case 'time':
    case 'duration':
      return `${capitalized(type.kind)}(${type.unit})`
    case 'timestamp':
      return type.timezone === null ? `Timestamp(${type.unit})` : `Timestamp(${type.unit}, ${type.timezone})`
    case 'interval':
      return `Interval(${type.unit})`
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
      return `${capitalized(type.kind)}<${typeName(type.child.type)}>`
    case 'fixedSizeList':
      return `FixedSizeList<${typeName(type.child.type)}>(${type.size})`
    case 'struct':
      return `Struct<${type.children.map((child) => `${child.name}: ${typeName(child.type)}`).join(', ')}>`
    case 'map': {
      const entries = type.entries.type
      const names = entries.kind === 'struct' ? entries.children.map((child) => typeName(child.type)) : []
      return `Map<${names.join(', ')}>`
    }
    case 'union':
      return `Union<${type.children.map((child) => typeName(child.type)).join(' | ')}>`
    case 'dictionary':
      return `Dictionary<${typeName(type.value)}>`
    case 'runEndEncoded':
      return `RunEndEncoded<${typeName(type.values.type)}>`
    default:
      return capitalized(type.kind)
  }
}

function capitalized(word: string): string {
  return word[0].toUpperCase() + word.slice(1)
}
