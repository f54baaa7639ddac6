import type { Schema } from '../arrow/schema.ts'
import type { ExecuteOptions, Execution, ResultBatch, ResultInfo, ResultSink } from '../client/result.ts'
import type { SidecarError } from '../errors.ts'
import type { Metadata, MetadataEntries, Transport } from '../transport/transport.ts'
import { DO_GET } from './calls.ts'
import { bodyOffset } from './flight-data.ts'
import { ResultReader, type StreamSink } from './result-reader.ts'

/** One statement as one DoGet: the path of every query on a Spice runtime, so it does nothing besides. */
export class DirectExecution implements Execution, StreamSink {
  private readonly sql: string
  private readonly sink: ResultSink
  private readonly mapFailure: FailureMap
  private readonly reader: ResultReader

  constructor(
    transport: Transport,
    request: Uint8Array,
    sql: string,
    sink: ResultSink,
    options: ExecuteOptions,
    metadata: MetadataEntries,
    mapFailure: FailureMap,
  ) {
    this.sql = sql
    this.sink = sink
    this.mapFailure = mapFailure
    this.reader = new ResultReader(this, options.values)
    this.reader.call = transport.start(DO_GET, request, this.reader, {
      metadata,
      deadline: options.deadline,
      signal: options.signal,
      alignAt: bodyOffset,
    })
  }

  pause(): void {
    this.reader.call.pause()
  }

  resume(): void {
    this.reader.call.resume()
  }

  cancel(reason: SidecarError): void {
    this.reader.call.cancel(reason)
  }

  onSchema(schema: Schema): void {
    this.sink.onSchema(schema)
  }

  onBatch(batch: ResultBatch): void {
    this.sink.onBatch(batch)
  }

  onEnd(error: SidecarError | null, headers: Metadata | null): void {
    const info = resultInfo(headers, 1)
    this.sink.onEnd(error === null ? null : this.mapFailure(error, this.sql, info.traceId), info)
  }
}

/** Turns the failure of a call into that of a statement. */
export type FailureMap = (error: SidecarError, sql: string, traceId: string | undefined) => SidecarError

export function resultInfo(headers: Metadata | null, roundTrips: number): ResultInfo {
  return {
    warnings: [],
    roundTrips,
    cacheStatus: headers?.get('results-cache-status'),
    traceId: headers?.get('spice-trace-id'),
  }
}
