import * as arrow from 'apache-arrow'
import { UnsupportedError } from '../errors.ts'
import type { DataType, Field, IntType, Schema, TimeUnit } from './schema.ts'

/* Our schemas as apache-arrow's. Loaded with `import()`, like everything that needs apache-arrow. */

export { Table } from 'apache-arrow'

const TIME_UNIT: Record<TimeUnit, arrow.TimeUnit> = {
  second: arrow.TimeUnit.SECOND,
  millisecond: arrow.TimeUnit.MILLISECOND,
  microsecond: arrow.TimeUnit.MICROSECOND,
  nanosecond: arrow.TimeUnit.NANOSECOND,
}

/** The batches of a stream share one schema object, as apache-arrow expects of a table's batches. */
const schemas = new WeakMap<Schema, arrow.Schema>()

/** Throws `UnsupportedError`, naming the column, for types apache-arrow has no class for. */
export function toArrowSchema(schema: Schema): arrow.Schema {
  let converted = schemas.get(schema)
  if (converted === undefined) {
    const known: KnownDictionaries = { values: new Map(), runs: 0 }
    const fields = schema.fields.map((field) => toArrowField(field, known))
    converted = new arrow.Schema(fields, new Map(schema.metadata))
    schemas.set(schema, converted)
  }
  return converted
}

/**
 * A batch under the schema of the table it becomes part of. Batches of several streams may number their
 * dictionaries and allow nulls in other ways, which apache-arrow takes for other schemas.
 */
export function withSchema(batch: arrow.RecordBatch, schema: arrow.Schema): arrow.RecordBatch {
  if (batch.schema === schema) return batch
  const children = batch.data.children.map((child, i) => child.clone(schema.fields[i]!.type))
  return makeRecordBatch(schema, batch.numRows, children)
}

export function makeRecordBatch(
  schema: arrow.Schema,
  length: number,
  children: arrow.Data[],
): arrow.RecordBatch {
  const type = new arrow.Struct(schema.fields)
  const batch = new arrow.RecordBatch(schema, arrow.makeData({ type, length, nullCount: 0, children }))
  // Its constructor makes a schema of its own, in which the last of several columns of one name stands for all.
  return Object.assign(batch, { schema })
}

/** apache-arrow wants one type object for each dictionary id of a schema. */
interface KnownDictionaries {
  readonly values: Map<bigint, arrow.DataType>
  /** Run-end encoded fields so far: they take negative ids, which no writer gives. */
  runs: number
}

function toArrowField(field: Field, known: KnownDictionaries): arrow.Field {
  return new arrow.Field(
    field.name,
    toArrowType(field.type, field.name, known),
    field.nullable,
    new Map(field.metadata),
  )
}

function toArrowType(type: DataType, column: string, known: KnownDictionaries): arrow.DataType {
  switch (type.kind) {
    case 'null':
      return new arrow.Null()
    case 'bool':
      return new arrow.Bool()
    case 'int':
      return toArrowInt(type)
    case 'float':
      return type.bitWidth === 16
        ? new arrow.Float16()
        : type.bitWidth === 32
          ? new arrow.Float32()
          : new arrow.Float64()
    case 'decimal':
      return new arrow.Decimal(type.scale, type.precision, type.bitWidth)
    case 'utf8':
      return new arrow.Utf8()
    case 'largeUtf8':
      return new arrow.LargeUtf8()
    case 'utf8View':
      return new arrow.Utf8View()
    case 'binary':
      return new arrow.Binary()
    case 'largeBinary':
      return new arrow.LargeBinary()
    case 'binaryView':
      return new arrow.BinaryView()
    case 'fixedSizeBinary':
      return new arrow.FixedSizeBinary(type.byteWidth)
    case 'date':
      return type.unit === 'day' ? new arrow.DateDay() : new arrow.DateMillisecond()
    case 'time':
      return new arrow.Time(TIME_UNIT[type.unit], type.bitWidth)
    case 'timestamp':
      return new arrow.Timestamp(TIME_UNIT[type.unit], type.timezone)
    case 'duration':
      return new arrow.Duration(TIME_UNIT[type.unit])
    case 'interval':
      return type.unit === 'yearMonth'
        ? new arrow.IntervalYearMonth()
        : type.unit === 'dayTime'
          ? new arrow.IntervalDayTime()
          : new arrow.IntervalMonthDayNano()
    case 'list':
      return new arrow.List(toArrowField(type.child, known))
    case 'largeList':
      return new arrow.LargeList(toArrowField(type.child, known))
    case 'fixedSizeList':
      return new arrow.FixedSizeList(type.size, toArrowField(type.child, known))
    case 'struct':
      return new arrow.Struct(type.children.map((child) => toArrowField(child, known)))
    case 'map':
      return new arrow.Map_(
        toArrowField(type.entries, known) as ConstructorParameters<typeof arrow.Map_>[0],
        type.keysSorted,
      )
    case 'union': {
      const fields = type.children.map((child) => toArrowField(child, known))
      return type.mode === 'dense'
        ? new arrow.DenseUnion([...type.typeIds], fields)
        : new arrow.SparseUnion([...type.typeIds], fields)
    }
    case 'dictionary': {
      const values = known.values.get(type.id) ?? toArrowType(type.value, column, known)
      known.values.set(type.id, values)
      // With 64-bit indices apache-arrow's own lookups throw, for it does arithmetic on them.
      const index = (
        type.index.bitWidth === 64 ? new arrow.Int32() : toArrowInt(type.index)
      ) as ConstructorParameters<typeof arrow.Dictionary>[1]
      return new arrow.Dictionary(values, index, Number(type.id), type.ordered)
    }
    // apache-arrow has no classes for the following; these hold the same values over the same memory.
    case 'runEndEncoded':
      if (type.values.type.kind === 'dictionary') throw unsupported(column, 'run-end encoded dictionary')
      return new arrow.Dictionary(
        toArrowType(type.values.type, column, known),
        new arrow.Int32(),
        --known.runs,
      )
    case 'listView':
      return new arrow.List(toArrowField(type.child, known))
    case 'largeListView':
      return new arrow.LargeList(toArrowField(type.child, known))
  }
}

export function unsupported(column: string, what: string): UnsupportedError {
  return new UnsupportedError(
    `Column "${column}": apache-arrow cannot hold a ${what}; read this result with .rows() instead`,
  )
}

function toArrowInt(type: IntType): arrow.Int {
  switch (type.bitWidth) {
    case 8:
      return type.signed ? new arrow.Int8() : new arrow.Uint8()
    case 16:
      return type.signed ? new arrow.Int16() : new arrow.Uint16()
    case 32:
      return type.signed ? new arrow.Int32() : new arrow.Uint32()
    case 64:
      return type.signed ? new arrow.Int64() : new arrow.Uint64()
  }
}
