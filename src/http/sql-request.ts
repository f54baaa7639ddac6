import { parametersToJson } from '../arrow/parameters-json.ts'
import type { ExecuteOptions, Statement } from '../client/result.ts'
import { hasParameters } from '../sql/has-parameters.ts'
import { arrangeParameters } from '../sql/placeholders.ts'
import type { HttpRequest } from './http-exchange.ts'

/** The only media type whose reply carries its schema, and with it exact values. Sent bare, as the runtime compares whole strings. */
const SQL_MEDIA_TYPE = 'application/vnd.spiceai.sql.v1+json'

const PLAIN = ['accept', SQL_MEDIA_TYPE, 'content-type', 'text/plain']
/** The runtime takes a body as JSON only under exactly this type: a charset would make it raw SQL. */
const JSON_BODY = ['accept', SQL_MEDIA_TYPE, 'content-type', 'application/json']

/** The request that runs a statement. Throws `ParameterError` for what JSON cannot carry. */
export function sqlRequest(statement: Statement, options: ExecuteOptions): HttpRequest {
  const { sql, parameters = [] } = statement
  const { cache, headers, deadline, timeoutMs, signal } = options
  let list = PLAIN
  let body = sql
  if (hasParameters(statement)) {
    list = JSON_BODY
    body = `{"sql":${JSON.stringify(sql)},"parameters":${parametersToJson(arrangeParameters(sql, parameters))}}`
  }
  if (cache !== undefined || headers !== undefined) list = [...list, ...extraHeaders(cache, headers)]
  return { method: 'POST', path: '/v1/sql', body, headers: list, deadline, timeoutMs, signal }
}

function extraHeaders(
  cache: string | undefined,
  headers: Readonly<Record<string, string>> | undefined,
): string[] {
  const list = cache === undefined ? [] : ['cache-control', cache]
  for (const [name, value] of Object.entries(headers ?? {})) list.push(name, value)
  return list
}
