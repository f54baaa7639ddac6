import type { IncomingHttpHeaders } from 'node:http'
import type { Schema } from '../arrow/schema.ts'
import type {
  ExecuteOptions,
  Execution,
  Reading,
  ResultInfo,
  ResultSink,
  Row,
  Statement,
} from '../client/result.ts'
import { AbortError, LimitError, ProtocolError, type SidecarError, TimeoutError } from '../errors.ts'
import { isReadOnly } from '../sql/classify.ts'
import { type Abortable, unwatchAbort, watchAbort } from '../transport/abort-watch.ts'
import { BATCH_ROWS, HeldRows } from './held-rows.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpExchange, HttpReceiver } from './http-exchange.ts'
import { ReplyReader } from './reply-reader.ts'
import { RowsBatch } from './rows-batch.ts'
import { sqlRequest } from './sql-request.ts'
import { statementError } from './status-errors.ts'

/** Bytes not read yet beyond which the connection is not read further. */
const AHEAD_BYTES = 1024 * 1024
/** What the columns of an untyped reply are told from when its reader does not wait for all: so many bytes, as far as they come in time. */
const SAMPLE_BYTES = 1024 * 1024
const SAMPLE_MS = 1_000
/** How long an Arrow batch waits to be full. */
const BATCH_MS = 10
/** Bytes kept of the body of a refusal; the engine's messages are a few lines. */
const REFUSAL_BYTES = 64 * 1024

const DEFAULT_READING: Reading = { rows: true, streaming: true, whole: false }

/** One statement over `POST /v1/sql`, its rows decoded as their bytes come. */
export class HttpExecution implements Execution, HttpReceiver, Abortable {
  readonly #client: HttpClient
  readonly #statement: Statement
  readonly #sink: ResultSink
  readonly #options: ExecuteOptions
  readonly #reading: Reading
  readonly #info: ResultInfo = { warnings: [], roundTrips: 0 }
  #exchange: HttpExchange | null = null
  #status = 0
  #headers: IncomingHttpHeaders = {}
  /** Of a successful answer. */
  #reply: ReplyReader | null = null
  /** The body of any other. */
  #refusal: Buffer[] = []
  /** Bytes of the body that have come, and are to come in all where the server says so. */
  #received = 0
  #announced = Number.POSITIVE_INFINITY
  /** While their columns, more of them or the end of the reply are waited for. */
  readonly #held = new HeldRows()
  #holding: NodeJS.Timeout | undefined
  #sampled = false
  #schemaTold = false
  #ended = false
  #paused = false
  #throttled = false
  #scheduled = false

  constructor(client: HttpClient, statement: Statement, sink: ResultSink, options: ExecuteOptions) {
    this.#client = client
    this.#statement = statement
    this.#sink = sink
    this.#options = options
    this.#reading = options.reading ?? DEFAULT_READING
    try {
      const request = sqlRequest(statement, options)
      this.#info.roundTrips = 1
      this.#exchange = client.send(request, this)
    } catch (error) {
      queueMicrotask(() => this.#end(error as SidecarError))
    }
  }

  pause(): void {
    // Who wants the whole is given it at the end.
    this.#paused = !this.#reading.whole
  }

  resume(): void {
    this.#paused = false
    if (this.#reply?.readable) this.#schedule()
  }

  cancel(reason: SidecarError): void {
    if (this.#ended) return
    this.#end(reason)
    this.#exchange?.cancel(reason)
  }

  abort(reason: unknown): void {
    this.cancel(new AbortError('The query was aborted by its signal', { cause: reason }))
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
    this.#info.cacheStatus = text(headers['results-cache-status'])
    this.#info.traceId = text(headers['spice-trace-id'])
    const length = headers['content-length']
    if (length !== undefined) this.#announced = Number(length)
    if (status !== 200) return
    const coding = text(headers['content-encoding'])
    if (coding !== undefined && !/^(identity)?$/i.test(coding)) {
      this.cancel(
        new ProtocolError(
          `The reply has the content encoding ${JSON.stringify(coding)}, which was not asked for`,
        ),
      )
      return
    }
    const { warnings } = this.#info
    this.#reply = new ReplyReader(this.#options.values, warnings, text(headers['content-type']))
    const { maxResponseBytes } = this.#client
    if (this.#reading.whole && length !== undefined && this.#announced > maxResponseBytes) {
      this.#refuse(`${this.#announced} bytes are announced`)
    }
  }

  onData(chunk: Buffer): void {
    if (this.#ended) return
    this.#received += chunk.length
    if (this.#reply === null) {
      this.#refusal.push(chunk)
      if (this.#received > REFUSAL_BYTES) this.cancel(this.#statementError())
      return
    }
    this.#reply.push(chunk)
    const kept = this.#reading.whole ? this.#received : this.#reply.pendingBytes
    if (kept > this.#client.maxResponseBytes) {
      this.#refuse('more keeps coming')
      return
    }
    // A reply that is about to end is read then, all at once; a connection held up now would not tell its end.
    if (this.#received >= this.#announced) return
    if (this.#reply.readable) this.#schedule()
    this.#throttle()
  }

  onEnd(error: SidecarError | null): void {
    if (this.#ended) return
    if (error !== null) this.#end(error)
    else if (this.#reply === null) this.#end(this.#statementError())
    else if (this.#received === 0 && !this.#framed) {
      this.#end(new ProtocolError('The reply ends before it begins: a connection closed behind its headers'))
    } else if (this.#received === 0 && isReadOnly(this.#statement.sql)) {
      // A result of no rows is `[]` or says so; who answers nothing at all, such as a proxy, is not the runtime.
      this.#end(new ProtocolError('The reply is empty, which is no result of a statement that reads'))
    } else {
      this.#reply.end()
      this.#read()
      // From here on nobody else listens for it.
      if (!this.#ended && this.#options.signal !== undefined) watchAbort(this.#options.signal, this)
    }
  }

  /** One batch, then the event loop gets its turn: timers and aborts count between batches, too. */
  #read(): void {
    if (this.#ended || this.#paused) return
    const reply = this.#reply!
    try {
      const rows = reply.read(this.#onlyFirst && !reply.untyped ? 1 : BATCH_ROWS)
      this.#take(reply, rows)
    } catch (error) {
      this.cancel(error as SidecarError)
    }
    if (this.#ended) return
    if (reply.finished) this.#end(null)
    else {
      if (reply.readable) this.#schedule()
      this.#throttle()
    }
  }

  /** Whether the headers tell where the body ends; otherwise the connection's end is its end. */
  get #framed(): boolean {
    return (this.#headers['content-length'] ?? this.#headers['transfer-encoding']) !== undefined
  }

  get #onlyFirst(): boolean {
    return !this.#reading.streaming && !this.#reading.whole
  }

  #take(reply: ReplyReader, rows: Row[]): void {
    if (rows.length > 0) this.#held.add(rows)
    if (!reply.untyped && reply.schema !== null) this.#tellSchema(reply.schema)
    if (reply.finished || this.#enough(reply)) this.#handOver(reply)
  }

  /** Whether the rows held are to be handed over before the reply ends. */
  #enough(reply: ReplyReader): boolean {
    if (this.#reading.whole || this.#held.count === 0) return false
    if (reply.untyped) {
      // The types of its columns are those of all rows together.
      if (!this.#reading.rows) return false
      if (this.#sampled || this.#held.count >= BATCH_ROWS || reply.consumedBytes >= SAMPLE_BYTES) return true
    } else if (this.#reading.rows || this.#held.count >= BATCH_ROWS) return true
    this.#holding ??= setTimeout(() => this.#handOver(reply), reply.untyped ? SAMPLE_MS : BATCH_MS)
    return false
  }

  #handOver(reply: ReplyReader): void {
    clearTimeout(this.#holding)
    this.#holding = undefined
    this.#sampled = true
    this.#tellSchema(reply.schema!)
    for (const rows of this.#held.takeAll()) {
      reply.complete(rows)
      this.#sink.onBatch(new RowsBatch(reply.schema!, rows))
      if (this.#ended) return
    }
  }

  #tellSchema(schema: Schema): void {
    if (this.#schemaTold) return
    this.#schemaTold = true
    this.#sink.onSchema(schema)
  }

  /** Whether the deadline has passed, which the exchange keeps only while the answer comes. */
  #late(): boolean {
    const { deadline, timeoutMs = 0 } = this.#options
    if (deadline === undefined || performance.now() <= deadline) return false
    this.cancel(new TimeoutError(`The rows of the reply were not read within ${timeoutMs} ms`, timeoutMs))
    return true
  }

  /** A connection that brings more than is read is not read for a while, unless the bytes at hand end within a row. */
  #throttle(): void {
    const { pendingBytes, readable } = this.#reply!
    const throttled = readable && pendingBytes > AHEAD_BYTES
    if (throttled === this.#throttled) return
    this.#throttled = throttled
    if (throttled) this.#exchange!.pause()
    else this.#exchange!.resume()
  }

  #schedule(): void {
    if (this.#ended || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#ended && !this.#late()) this.#read()
    })
  }

  #refuse(why: string): void {
    const limit = this.#client.maxResponseBytes
    const advice = 'raise http.maxResponseBytes, read the rows as they come (for await), or use Flight'
    this.cancel(
      new LimitError(`The reply is larger than http.maxResponseBytes (${limit}): ${why}; ${advice}`),
    )
  }

  #statementError(): SidecarError {
    const response = { status: this.#status, headers: this.#headers, body: Buffer.concat(this.#refusal) }
    return statementError(response, this.#statement, this.#client.origin)
  }

  #end(error: SidecarError | null): void {
    if (this.#ended) return
    this.#ended = true
    const { signal } = this.#options
    if (signal !== undefined) unwatchAbort(signal, this)
    clearTimeout(this.#holding)
    // A query may be kept for its timings; the bytes need not be.
    this.#reply = null
    this.#held.takeAll()
    this.#sink.onEnd(error, this.#info)
  }
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
