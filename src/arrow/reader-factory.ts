import { objectBuilder } from './object-builder.ts'
import { BinaryReader, BinaryViewReader, FixedSizeBinaryReader } from './readers/binary.ts'
import { DecimalNumberReader, DecimalReader } from './readers/decimal.ts'
import { DictionaryReader, RunEndReader } from './readers/encoded.ts'
import { ListReader, MapReader, StructReader, UnionReader } from './readers/nested.ts'
import {
  BigInt64Reader,
  BigUint64Reader,
  BoolReader,
  ConvertedInt64Reader,
  Float16Reader,
  Float32Reader,
  Float64Reader,
  Int8Reader,
  Int16Reader,
  Int32Reader,
  NullReader,
  SafeInt64Reader,
  Uint8Reader,
  Uint16Reader,
  Uint32Reader,
} from './readers/number.ts'
import {
  ConvertedTimestampReader,
  DateDayReader,
  DateMillisecondReader,
  IntervalReader,
  TimeReader,
  TimestampReader,
} from './readers/temporal.ts'
import { TextReader, TextViewReader } from './readers/text.ts'
import { rowKeys } from './row-keys.ts'
import type { DataType, Field, IntType } from './schema.ts'
import type { ReaderFactory } from './value-reader.ts'
import type { ValueOptions } from './values-options.ts'

/**
 * How values of a type are read, decided once per type. Readers made of it check an array's contents and
 * throw `ProtocolError` where they break the format.
 * @param column what to call the column in messages
 */
export function readerFactory(type: DataType, values: ValueOptions, column: string): ReaderFactory {
  switch (type.kind) {
    case 'null':
      return () => new NullReader()
    case 'bool':
      return (data) => new BoolReader(data)
    case 'int':
      return integerFactory(type, values.int64, column)
    case 'float':
      if (type.bitWidth === 16) return (data) => new Float16Reader(data)
      return type.bitWidth === 32 ? (data) => new Float32Reader(data) : (data) => new Float64Reader(data)
    case 'decimal': {
      const { bitWidth, scale } = type
      if (values.decimal === 'number') return (data) => new DecimalNumberReader(data, bitWidth, scale, column)
      return (data) => new DecimalReader(data, bitWidth, scale)
    }
    case 'utf8':
    case 'largeUtf8':
      return (data, budget) => new TextReader(data, column, budget)
    case 'utf8View':
      return (data, budget) => new TextViewReader(data, column, budget)
    case 'binary':
    case 'largeBinary':
      return (data, budget) => new BinaryReader(data, budget)
    case 'binaryView':
      return (data, budget) => new BinaryViewReader(data, budget)
    case 'fixedSizeBinary': {
      const { byteWidth } = type
      return (data, budget) => new FixedSizeBinaryReader(data, byteWidth, budget)
    }
    case 'date':
      return type.unit === 'day'
        ? (data) => new DateDayReader(data)
        : (data) => new DateMillisecondReader(data)
    case 'time': {
      const { unit } = type
      return (data) => new TimeReader(data, unit)
    }
    case 'timestamp': {
      const { unit } = type
      const choice = values.timestamp ?? 'timestamp'
      if (choice === 'timestamp') return (data) => new TimestampReader(data, unit)
      if (choice === 'bigint') return (data) => new BigInt64Reader(data)
      return (data) => new ConvertedTimestampReader(data, unit, choice, column)
    }
    case 'duration':
      return (data) => new BigInt64Reader(data)
    case 'interval': {
      const { unit } = type
      return (data) => new IntervalReader(data, unit)
    }
    case 'list':
    case 'largeList':
    case 'listView':
    case 'largeListView':
    case 'fixedSizeList': {
      const child = readerFactory(type.child.type, values, column)
      return (data, budget) => new ListReader(data, child(data.children[0]!, budget), budget)
    }
    case 'struct': {
      const members = memberFactories(type.children, values, column)
      const build = objectBuilder(rowKeys(type.children))
      return (data, budget) => {
        const readers = members.map((member, i) => member(data.children[i]!, budget))
        return new StructReader(data, readers, build, budget)
      }
    }
    case 'map':
      return mapFactory(type.entries, values, column)
    case 'union': {
      const members = memberFactories(type.children, values, column)
      return (data, budget) => {
        const readers = members.map((member, i) => member(data.children[i]!, budget))
        return new UnionReader(data, type, readers)
      }
    }
    case 'dictionary': {
      const value = readerFactory(type.value, values, column)
      return (data, budget) => new DictionaryReader(data, type, value, budget)
    }
    case 'runEndEncoded': {
      const value = readerFactory(type.values.type, values, column)
      return (data, budget) => new RunEndReader(data, value(data.children[1]!, budget), budget)
    }
  }
}

function memberFactories(fields: readonly Field[], values: ValueOptions, column: string): ReaderFactory[] {
  return fields.map((field) => readerFactory(field.type, values, `${column}.${field.name}`))
}

function mapFactory(entries: Field, values: ValueOptions, column: string): ReaderFactory {
  const fields = entries.type.kind === 'struct' ? entries.type.children : []
  const [key, value] = memberFactories(fields, values, column) as [ReaderFactory, ReaderFactory]
  return (data, budget) => {
    const [keys, mapped] = data.children[0]!.children
    return new MapReader(data, key(keys!, budget), value(mapped!, budget), budget, column)
  }
}

function integerFactory(type: IntType, choice: ValueOptions['int64'], column: string): ReaderFactory {
  const { signed } = type
  switch (type.bitWidth) {
    case 8:
      return signed ? (data) => new Int8Reader(data) : (data) => new Uint8Reader(data)
    case 16:
      return signed ? (data) => new Int16Reader(data) : (data) => new Uint16Reader(data)
    case 32:
      return signed ? (data) => new Int32Reader(data) : (data) => new Uint32Reader(data)
    case 64:
      if (choice === 'number' && signed) return (data) => new SafeInt64Reader(data, column)
      if (choice === 'number' || choice === 'string')
        return (data) => new ConvertedInt64Reader(data, signed, choice, column)
      return signed ? (data) => new BigInt64Reader(data) : (data) => new BigUint64Reader(data)
  }
}
