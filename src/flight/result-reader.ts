import type { Schema } from '../arrow/schema.ts'
import { StreamDecoder } from '../arrow/stream-decoder.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { ResultBatch } from '../client/result.ts'
import { ProtocolError, type SidecarError } from '../errors.ts'
import type { Call, CallHandler, Metadata } from '../transport/transport.ts'
import { parseFlightData } from './flight-data.ts'
import { asSidecarError } from './query-failure.ts'

/** What a stream of batches is turned into. Exactly one `onEnd`, nothing after it. */
export interface StreamSink {
  onSchema(schema: Schema): void
  onBatch(batch: ResultBatch): void
  /** @param headers initial metadata, null when there was none */
  onEnd(error: SidecarError | null, headers: Metadata | null): void
}

/** Reads one DoGet stream: a schema, then batches. */
export class ResultReader implements CallHandler {
  /** Set right after `Transport.start`, which calls nothing back before. */
  call!: Call
  private schema: Schema | null = null
  private headers: Metadata | null = null
  private readonly sink: StreamSink
  private readonly decoder: StreamDecoder

  constructor(sink: StreamSink, values: ValueOptions | undefined) {
    this.sink = sink
    this.decoder = new StreamDecoder({ values })
  }

  onHeaders(metadata: Metadata): void {
    this.headers = metadata
  }

  onMessage(message: Uint8Array): void {
    try {
      const { header, body } = parseFlightData(message)
      // A message may carry application metadata alone.
      if (header.length === 0) return
      const batch = this.decoder.push(header, body)
      if (batch !== null) this.sink.onBatch(batch)
      else if (this.decoder.schema !== this.schema) this.takeSchema(this.decoder.schema!)
    } catch (error) {
      this.call.cancel(asSidecarError(error))
    }
  }

  onEnd(error: SidecarError | null): void {
    if (error === null && this.schema === null) {
      this.sink.onEnd(new ProtocolError('The result stream ended without a schema'), this.headers)
    } else {
      this.sink.onEnd(error, this.headers)
    }
  }

  private takeSchema(schema: Schema): void {
    if (this.schema !== null) {
      if (!sameSchema(schema, this.schema)) {
        throw new ProtocolError('The schema changed in the middle of a result stream')
      }
      return
    }
    this.schema = schema
    this.sink.onSchema(schema)
  }
}

/**
 * Whether batches of both can be one result: the same names and types in the same order. Dictionaries may be
 * numbered in another way.
 */
export function sameSchema(a: Schema, b: Schema): boolean {
  if (a === b) return true
  if (a.fields.length !== b.fields.length) return false
  return a.fields.every((field, i) => shapeOf(field) === shapeOf(b.fields[i]))
}

function shapeOf(value: unknown): string {
  return JSON.stringify(value, (name, item: unknown) =>
    name === 'metadata' || name === 'nullable' || name === 'id' ? undefined : item,
  )
}
