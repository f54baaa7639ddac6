import { parametersToJson } from '../arrow/parameters-json.ts'
import type {
  ExecuteOptions,
  Execution,
  ResultInfo,
  ResultSink,
  Statement,
  StatementSource,
} from '../client/result.ts'
import { AbortError, type SidecarError, TimeoutError } from '../errors.ts'
import { arrangeParameters } from '../sql/placeholders.ts'
import type { HttpClient, HttpResponse } from './http-client.ts'
import type { HttpExchange } from './http-exchange.ts'
import { readReply } from './reply.ts'
import type { ReplyReader } from './rows-batch.ts'
import { statementError } from './status-errors.ts'

/** The only media type whose reply carries its schema, and with it exact values. Sent bare, as the runtime compares whole strings. */
export const SQL_MEDIA_TYPE = 'application/vnd.spiceai.sql.v1+json'

const PLAIN = ['accept', SQL_MEDIA_TYPE, 'content-type', 'text/plain']
/** The runtime takes a body as JSON only under exactly this type: a charset would make it raw SQL. */
const JSON_BODY = ['accept', SQL_MEDIA_TYPE, 'content-type', 'application/json']

/** Statements over `POST /v1/sql`. The runtime sends such replies whole; rows are read from them batch by batch. */
export class HttpSource implements StatementSource {
  readonly transport = 'http'
  readonly client: HttpClient

  constructor(client: HttpClient) {
    this.client = client
  }

  execute(statement: Statement, sink: ResultSink, options: ExecuteOptions): Execution {
    return new HttpExecution(this.client, statement, sink, options)
  }

  close(graceMs?: number): Promise<void> {
    return this.client.close(graceMs)
  }
}

class HttpExecution implements Execution {
  readonly #client: HttpClient
  readonly #statement: Statement
  readonly #sink: ResultSink
  readonly #options: ExecuteOptions
  readonly #info: ResultInfo = { warnings: [], roundTrips: 0 }
  #exchange: HttpExchange | undefined
  #reader: ReplyReader | undefined
  #ended = false
  #paused = false
  #scheduled = false
  #onAbort: (() => void) | undefined

  constructor(client: HttpClient, statement: Statement, sink: ResultSink, options: ExecuteOptions) {
    this.#client = client
    this.#statement = statement
    this.#sink = sink
    this.#options = options
    this.#send()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (this.#reader !== undefined) this.#schedule()
  }

  cancel(reason: SidecarError): void {
    if (this.#ended) return
    if (this.#reader === undefined && this.#exchange !== undefined) this.#exchange.cancel(reason)
    else this.#end(reason)
  }

  #send(): void {
    const { sql, parameters } = this.#statement
    const { cache, headers, deadline, timeoutMs, signal } = this.#options
    let list = PLAIN
    let body = sql
    if (parameters !== undefined && Object.keys(parameters).length > 0) {
      list = JSON_BODY
      try {
        body = `{"sql":${JSON.stringify(sql)},"parameters":${parametersToJson(arrangeParameters(sql, parameters))}}`
      } catch (error) {
        queueMicrotask(() => this.#end(error as SidecarError))
        return
      }
    }
    this.#info.roundTrips = 1
    this.#exchange = this.#client.send(
      {
        method: 'POST',
        path: '/v1/sql',
        body,
        headers:
          cache === undefined && headers === undefined ? list : [...list, ...extraHeaders(cache, headers)],
        deadline,
        timeoutMs,
        signal,
      },
      (error, response) => (error === null ? this.#answered(response!) : this.#end(error)),
    )
  }

  #answered(response: HttpResponse): void {
    const { headers, status } = response
    this.#info.cacheStatus = text(headers['results-cache-status'])
    this.#info.traceId = text(headers['spice-trace-id'])
    if (status !== 200) {
      this.#end(statementError(response, this.#statement.sql, this.#client.origin))
      return
    }
    try {
      this.#reader = readReply(response, this.#options.values, this.#info.warnings)
      this.#sink.onSchema(this.#reader.schema)
    } catch (error) {
      this.#end(error as SidecarError)
      return
    }
    const { signal } = this.#options
    if (signal !== undefined) {
      this.#onAbort = () =>
        this.#end(new AbortError('The query was aborted by its signal', { cause: signal.reason }))
      signal.addEventListener('abort', this.#onAbort, { once: true })
    }
    this.#deliver()
  }

  /** One batch, then the event loop gets its turn: timers and aborts count between batches, too. */
  #deliver(): void {
    this.#scheduled = false
    if (this.#ended || this.#paused) return
    const { deadline, timeoutMs = 0 } = this.#options
    if (deadline !== undefined && performance.now() > deadline) {
      this.#end(new TimeoutError(`The rows of the reply were not read within ${timeoutMs} ms`, timeoutMs))
      return
    }
    try {
      const batch = this.#reader!.next()
      if (batch === null) {
        this.#end(null)
        return
      }
      this.#sink.onBatch(batch)
    } catch (error) {
      this.#end(error as SidecarError)
      return
    }
    if (this.#reader!.finished) this.#end(null)
    else this.#schedule()
  }

  #schedule(): void {
    if (this.#ended || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#deliver())
  }

  #end(error: SidecarError | null): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#onAbort !== undefined) this.#options.signal!.removeEventListener('abort', this.#onAbort)
    this.#sink.onEnd(error, this.#info)
  }
}

function extraHeaders(
  cache: string | undefined,
  headers: Readonly<Record<string, string>> | undefined,
): string[] {
  const list = cache === undefined ? [] : ['cache-control', cache]
  for (const [name, value] of Object.entries(headers ?? {})) list.push(name, value)
  return list
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
