import type { Statement } from '../client/result.ts'
import {
  AuthenticationError,
  ConnectionError,
  HttpError,
  LimitError,
  PermissionError,
  QueryError,
  type SidecarError,
  UnsupportedError,
} from '../errors.ts'
import { hasParameters } from '../sql/has-parameters.ts'
import type { HttpResponse } from './http-client.ts'

/** Bytes of an error body that are looked at. */
const LOOKED_AT = 64 * 1024
/** Characters kept of it; the engine's messages are a few lines. */
const EXCERPT = 4096

/** The parser's complaint about the first character of a body that is JSON: DataFusion's words, and DuckDB's. */
const TOOK_JSON_FOR_SQL = /(?:found:?|at or near) ["']?\{/i

/** What an unsuccessful status of `POST /v1/sql` means (spice-contract 2.2). */
export function statementError(response: HttpResponse, statement: Statement, origin: string): SidecarError {
  const { status } = response
  const { sql } = statement
  const general = generalError(response, origin)
  if (general !== null) return general
  if (status === 404) {
    return new HttpError(
      `${origin} has no /v1/sql (404): is this a Spice runtime's HTTP address?`,
      404,
      bodyText(response),
    )
  }
  if (status === 413) {
    return new LimitError(
      `The runtime refuses a statement this large (413): ${sql.length} characters; bind values as parameters or write in batches`,
    )
  }
  const serverMessage = bodyText(response)
  if (status === 400 && hasParameters(statement) && TOOK_JSON_FOR_SQL.test(serverMessage)) {
    return new UnsupportedError(
      `${origin} takes no parameters over HTTP, like runtimes before about mid-2025: use Flight, or a statement without parameters. ` +
        `It says: ${serverMessage}`,
    )
  }
  return new QueryError({
    serverMessage,
    sql,
    status: `HTTP ${status}`,
    // A conflict of transactions, memory exhausted by others, a dataset still loading: it may work later.
    transient: status === 409 || status === 503 || /acceleration not ready/i.test(serverMessage),
    traceId: header(response, 'spice-trace-id'),
  })
}

/** An unsuccessful status of any other call. */
export function callError(response: HttpResponse, call: string, origin: string): SidecarError {
  const text = bodyText(response)
  return (
    generalError(response, origin) ??
    new HttpError(`${call} failed with ${response.status}: ${text || 'no message'}`, response.status, text)
  )
}

function generalError(response: HttpResponse, origin: string): SidecarError | null {
  const { status } = response
  const text = bodyText(response)
  if (status === 401) {
    return new AuthenticationError(
      `${origin} answers 401: it requires an API key it knows. Pass option apiKey or set SPICE_API_KEY, ` +
        "without the ':ro' or ':rw' suffix it has in the configuration",
    )
  }
  if (status === 403) {
    return new PermissionError(
      `${origin} refuses (403): ${text || 'no message'}. The API key may be read-only`,
    )
  }
  if (status === 429) {
    const after = header(response, 'retry-after')
    // Seconds, or a date.
    const unit = /^\d+$/.test(after ?? '') ? ' seconds' : ''
    const advice = after === undefined ? 'try again later' : `try again after ${after}${unit}`
    return new HttpError(`${origin} limits the rate of requests (429); ${advice}`, 429, text)
  }
  if (status === 503 && /runtime is shutting down/i.test(text)) {
    return new ConnectionError('CONNECTION_FAILED', `The runtime at ${origin} is shutting down`, {
      unprocessed: true,
    })
  }
  if (status >= 300 && status < 400) {
    const location = header(response, 'location') ?? 'nowhere'
    return new HttpError(
      `${origin} redirects to ${location} (${status}); redirects are not followed, so give that address itself`,
      status,
      text,
    )
  }
  return null
}

/** The body as text; of `{"message": "…"}`, `{"error": "…"}` and `{"error": {"message": "…"}}` the message. */
function bodyText(response: HttpResponse): string {
  const text = response.body.toString('utf8', 0, LOOKED_AT).trim()
  return (text.startsWith('{') ? (messageIn(text) ?? text) : text).slice(0, EXCERPT)
}

function messageIn(text: string): string | undefined {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown }
    const nested = typeof error === 'object' ? (error as { message?: unknown } | null)?.message : error
    return [message, nested].find((one) => typeof one === 'string')
  } catch {
    // No JSON after all, or cut short: shown as it is.
    return undefined
  }
}

function header(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name]
  return Array.isArray(value) ? value[0] : value
}
