import type { Schema } from '../arrow/schema.ts'
import type { ExecuteOptions, Execution, ResultBatch, ResultSink, Statement } from '../client/result.ts'
import type { SidecarError } from '../errors.ts'
import type { Call, Metadata, MetadataEntries } from '../transport/transport.ts'
import { type CollectOptions, DO_GET } from './calls.ts'
import { type FailureMap, resultInfo } from './direct-execution.ts'
import { EndpointsReader, type EndpointsSink } from './endpoints-reader.ts'
import { bodyOffset } from './flight-data.ts'
import type { FlightInfo } from './messages.generated.ts'
import { asSidecarError, begunFailure } from './query-failure.ts'
import { ResultReader } from './result-reader.ts'
import type { FlightSession } from './session.ts'

/**
 * A statement that takes more than one call: some that are awaited, then a stream that goes to the sink.
 * Subclasses say which in `run`.
 */
export abstract class SteppedExecution implements Execution, EndpointsSink {
  protected readonly session: FlightSession
  protected readonly statement: Statement
  protected readonly options: ExecuteOptions
  protected readonly metadata: MetadataEntries
  private readonly sink: ResultSink
  private readonly mapFailure: FailureMap
  private call: Call | null = null
  private stream: Execution | null = null
  private paused = false
  private cancelled: SidecarError | null = null
  private ended = false
  private hasSchema = false
  private roundTrips = 0
  /** An answer came to a call with which the server may have begun the statement. */
  protected begun = false

  constructor(
    session: FlightSession,
    statement: Statement,
    sink: ResultSink,
    options: ExecuteOptions,
    mapFailure: FailureMap,
  ) {
    this.session = session
    this.statement = statement
    this.sink = sink
    this.options = options
    this.mapFailure = mapFailure
    this.metadata = session.metadata(options.cache, options.headers)
  }

  /** The calls, up to the stream. What it throws ends the execution. */
  protected abstract run(): Promise<void>

  /** A stream failed before its schema: true when something else is done instead, by calling `begin`. */
  protected recovers(_error: SidecarError): boolean {
    return false
  }

  /** The execution is over, whichever way. */
  protected settled(_error: SidecarError | null): void {}

  begin(): void {
    this.run().catch((error) => this.finish(asSidecarError(error), null))
  }

  pause(): void {
    this.paused = true
    this.stream?.pause()
  }

  resume(): void {
    this.paused = false
    this.stream?.resume()
  }

  cancel(reason: SidecarError): void {
    if (this.ended || this.cancelled !== null) return
    this.cancelled = reason
    if (this.stream !== null) this.stream.cancel(reason)
    // The call's promise rejects with the reason, or the next step finds it.
    else this.call?.cancel(reason)
  }

  onSchema(schema: Schema): void {
    this.hasSchema = true
    this.sink.onSchema(schema)
  }

  onBatch(batch: ResultBatch): void {
    this.sink.onBatch(batch)
  }

  onCall(): void {
    this.roundTrips++
  }

  onEnd(error: SidecarError | null, headers: Metadata | null): void {
    this.stream = null
    if (error !== null && this.cancelled === null && !this.hasSchema && this.recovers(error)) return
    this.finish(error, headers)
  }

  /** Options of one awaited call; counts it and makes it cancellable. */
  protected step(): CollectOptions {
    if (this.cancelled !== null) throw this.cancelled
    return {
      metadata: this.metadata,
      deadline: this.options.deadline,
      signal: this.options.signal,
      onCall: (call) => {
        this.roundTrips++
        this.call = call
      },
    }
  }

  /** Streams one ticket of the server itself to the sink. */
  protected streamTicket(request: Uint8Array): void {
    const { deadline, signal } = this.step()
    const reader = new ResultReader(this, this.options.values)
    reader.call = this.session.transport.start(DO_GET, request, reader, {
      metadata: this.metadata,
      deadline,
      signal,
      alignAt: bodyOffset,
    })
    this.onCall()
    this.follow(reader.call)
  }

  /** Streams the endpoints of a FlightInfo to the sink. */
  protected streamInfo(info: FlightInfo): void {
    const { deadline, signal } = this.step()
    const reader = new EndpointsReader(info.endpoint, this.session.locations, this, {
      metadata: this.metadata,
      deadline,
      signal,
      values: this.options.values,
      concurrency: this.session.options.endpointConcurrency,
    })
    this.follow(reader)
    reader.start()
  }

  protected finish(error: SidecarError | null, headers: Metadata | null): void {
    if (this.ended) return
    this.ended = true
    this.settled(error)
    const info = resultInfo(headers, this.roundTrips)
    this.sink.onEnd(error === null ? null : this.failure(error, info.traceId), info)
  }

  private failure(error: SidecarError, traceId: string | undefined): SidecarError {
    const failure = this.mapFailure(error, this.statement.sql, traceId)
    return this.begun ? begunFailure(failure) : failure
  }

  private follow(stream: Execution): void {
    this.call = null
    this.stream = stream
    if (this.paused) stream.pause()
  }
}
