import { randomBytes } from 'node:crypto'
import type { DuckDBModule } from '../engine/duckdb.ts'
import { EngineError } from '../engine/engine-error.ts'
import type { Parameters, ParameterValue } from '../engine/prepare.ts'

export interface SqlRequest {
  readonly sql: string
  readonly parameters?: Parameters
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Reads the body of `POST /v1/sql`: raw SQL, or with the content type `application/json`, and nothing
 * after it, an object of `sql` and `parameters`. Throws `EngineError` with the runtime's words.
 */
export function readSqlRequest(
  body: Uint8Array,
  contentType: string | undefined,
  duckdb: DuckDBModule,
): SqlRequest {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (cause) {
    throw new EngineError('statement', 'the body is not UTF-8', { cause })
  }
  return contentType === 'application/json' ? readJsonRequest(text, duckdb) : { sql: text }
}

function readJsonRequest(text: string, duckdb: DuckDBModule): SqlRequest {
  const { value, numberText } = parseWithNumberText(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('expected an object')
  const { sql, parameters } = value as Record<string, unknown>
  if (typeof sql !== 'string' || numberText(sql) !== null) throw invalid('missing field `sql`, a string')
  if (parameters === undefined) return { sql }
  const bind = (parameter: unknown) => parameterValue(parameter, numberText, duckdb)
  if (Array.isArray(parameters)) return { sql, parameters: parameters.map(bind) }
  if (typeof parameters !== 'object' || parameters === null) {
    throw invalid('`parameters` must be an array or an object')
  }
  const named = Object.entries(parameters).map(([name, parameter]) => [name, bind(parameter)] as const)
  return { sql, parameters: new Map(named) }
}

/** An integer that fits is an Int64, any other number a Float64, as the runtime binds them. */
function parameterValue(
  parameter: unknown,
  numberText: (value: string) => string | null,
  { BIGINT, BOOLEAN, DOUBLE, SQLNULL, VARCHAR }: DuckDBModule,
): ParameterValue {
  if (parameter === null) return { value: null, type: SQLNULL }
  if (typeof parameter === 'boolean') return { value: parameter, type: BOOLEAN }
  if (typeof parameter !== 'string')
    throw invalid('a parameter must be a string, a number, a boolean or null')
  const number = numberText(parameter)
  if (number === null) return { value: parameter, type: VARCHAR }
  if (/^-?\d+$/.test(number)) {
    const integer = BigInt(number)
    if (integer >= INT64_MIN && integer <= INT64_MAX) return { value: integer, type: BIGINT }
  }
  return { value: Number(number), type: DOUBLE }
}

/**
 * `JSON.parse` turns 9007199254740993 and 5.0 into other numbers, so every number is read as a string
 * marked with a prefix no request can know; `numberText` gives its digits, or null for a real string.
 */
function parseWithNumberText(text: string) {
  const mark = `${randomBytes(8).toString('hex')}:`
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs, (token) =>
    token[0] === '"' ? token : `"${mark}${token}"`,
  )
  let value: unknown
  try {
    // Parsed once as it is: marking could hide a number that is none, such as 01.
    JSON.parse(text)
    value = JSON.parse(marked)
  } catch (error) {
    throw invalid((error as Error).message)
  }
  return {
    value,
    numberText: (string: string) => (string.startsWith(mark) ? string.slice(mark.length) : null),
  }
}

function invalid(reason: string): EngineError {
  return new EngineError('statement', `Invalid JSON: ${reason}`)
}
