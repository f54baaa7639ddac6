import { wellFormed } from './columns-from-values-bytes.ts'
import { floatOf, intOf } from './columns-from-values-scalars.ts'
import { refused } from './parameter-types.ts'
import { type NamedParameter, namedParameters, type Parameters } from './parameters.ts'
import type { DataType, IntType } from './schema.ts'
import { typeName } from './type-name.ts'
import { UnfitValue } from './unfit-value.ts'

/**
 * The JSON text of `parameters` in the body of `POST /v1/sql`: an array, or an object for named ones. The
 * runtime makes Int64 of an integer within 64 bits, Float64 of any other number, Utf8 of text; numbers are
 * spelled so that they come out as what they are: `5` Int64, `5.0` Float64, all digits of a bigint. Narrower
 * integers and floats of `param` widen to those. For other types, which would silently become text, throws
 * `ParameterError` that says what to do instead.
 */
export function parametersToJson(parameters: Parameters): string {
  const named = namedParameters(parameters)
  if (Array.isArray(parameters)) return `[${named.map(scalar).join(',')}]`
  return `{${named.map((parameter) => `${JSON.stringify(parameter.name)}:${scalar(parameter)}`).join(',')}}`
}

function scalar(parameter: NamedParameter): string {
  const { name, type, value } = parameter
  if (value === null || value === undefined) return 'null'
  try {
    return spelling(type, value)
  } catch (error) {
    if (!(error instanceof UnfitValue)) throw error
    const sqlName = name.startsWith('$') ? name : `$${name}`
    throw refused(name, value, error.message.replace('$parameter', sqlName))
  }
}

function spelling(type: DataType, value: unknown): string {
  switch (type.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw new UnfitValue('is not a boolean')
      return String(value)
    case 'utf8':
    case 'largeUtf8':
    case 'utf8View':
      return JSON.stringify(wellFormed(value))
    case 'int':
      return integerText(value, type)
    case 'float':
      return floatText(floatOf(value, type.bitWidth), type.bitWidth)
    default:
      throw new UnfitValue(
        `is ${typeName(type)}, and HTTP carries only null, booleans, 64-bit integers, floats and text. ` +
          'Use Flight, or give it as text and write CAST($parameter AS …) in the statement',
      )
  }
}

function integerText(value: unknown, type: IntType): string {
  const integer = intOf(value, type)
  if (BigInt.asIntN(64, integer) !== integer) {
    throw new UnfitValue(
      'is beyond signed 64-bit integers, which HTTP would turn into a float. ' +
        'Use Flight, or give it as text and write CAST($parameter AS …) in the statement',
    )
  }
  return String(integer)
}

function floatText(value: number, bitWidth: 16 | 32 | 64): string {
  const sent = bitWidth === 64 ? value : Math.fround(value)
  if (bitWidth === 16) throw new UnfitValue('is Float16, which HTTP cannot carry; use Flight')
  if (!Number.isFinite(sent)) throw new UnfitValue('cannot be written in JSON; use Flight')
  const text = Object.is(sent, -0) ? '-0' : String(sent)
  return /[.e]/.test(text) ? text : `${text}.0`
}
