import type { Schema } from '../arrow/schema.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { ResultBatch } from '../client/result.ts'
import { ConnectionError, ProtocolError, type SidecarError } from '../errors.ts'
import type { CallOptions, Metadata, MetadataEntries } from '../transport/transport.ts'
import { DO_GET } from './calls.ts'
import { bodyOffset } from './flight-data.ts'
import { type Locations, metadataFor, type Place } from './locations.ts'
import { type FlightEndpoint, Ticket } from './messages.generated.ts'
import { encode } from './protobuf.ts'
import { asSidecarError } from './query-failure.ts'
import { ResultReader, type StreamSink, sameSchema } from './result-reader.ts'

export interface EndpointsSink extends StreamSink {
  /** A DoGet was sent. */
  onCall?(): void
}

export interface EndpointsOptions {
  metadata: MetadataEntries
  deadline?: number
  signal?: AbortSignal
  values?: ValueOptions
  /** Streams open at a time. Default 4. */
  concurrency?: number
}

const DEFAULT_CONCURRENCY = 4

/**
 * Reads the endpoints of a FlightInfo as one result, in their order. The next few are fetched ahead, each
 * paused until its turn comes, so what they hold is bounded by their windows.
 */
export class EndpointsReader {
  private readonly endpoints: readonly FlightEndpoint[]
  private readonly locations: Locations
  private readonly sink: EndpointsSink
  private readonly options: EndpointsOptions
  private readonly streams: EndpointStream[] = []
  private schema: Schema | null = null
  private headers: Metadata | null = null
  /** The endpoint whose batches go to the sink. */
  private current = 0
  private started = 0
  private paused = false
  private ended = false

  constructor(
    endpoints: readonly FlightEndpoint[],
    locations: Locations,
    sink: EndpointsSink,
    options: EndpointsOptions,
  ) {
    this.endpoints = endpoints
    this.locations = locations
    this.sink = sink
    this.options = options
  }

  start(): void {
    this.startMore()
  }

  pause(): void {
    this.paused = true
    this.streams[this.current]?.pause()
  }

  resume(): void {
    this.paused = false
    this.streams[this.current]?.open()
  }

  cancel(reason: SidecarError): void {
    if (this.ended) return
    this.ended = true
    for (const stream of this.streams) stream.cancel(reason)
    this.sink.onEnd(reason, this.headers)
  }

  /** @internal What a stream tells once its turn has come. */
  streamSchema(schema: Schema): void {
    if (this.schema === null) {
      this.schema = schema
      this.sink.onSchema(schema)
    } else if (!sameSchema(this.schema, schema)) {
      this.cancel(new ProtocolError('The endpoints of one result have different schemas'))
    }
  }

  streamBatch(batch: ResultBatch): void {
    if (!this.ended) this.sink.onBatch(batch)
  }

  streamHeaders(headers: Metadata | null): void {
    this.headers ??= headers
  }

  streamCalled(): void {
    this.sink.onCall?.()
  }

  streamEnd(error: SidecarError | null): void {
    if (this.ended) return
    if (error !== null) {
      this.cancel(error)
      return
    }
    this.current++
    if (this.current === this.endpoints.length) {
      this.ended = true
      this.sink.onEnd(null, this.headers)
      return
    }
    this.startMore()
    if (!this.paused) this.streams[this.current].open()
  }

  private startMore(): void {
    const ahead = this.options.concurrency ?? DEFAULT_CONCURRENCY
    while (!this.ended && this.started < this.endpoints.length && this.started < this.current + ahead) {
      const endpoint = this.endpoints[this.started]
      let stream: EndpointStream
      try {
        const places = this.locations.placesFor(endpoint.location.map((location) => location.uri))
        stream = new EndpointStream(this, endpoint, places, this.options)
      } catch (error) {
        this.cancel(asSidecarError(error))
        return
      }
      this.streams[this.started] = stream
      stream.start(this.started > this.current || this.paused)
      this.started++
    }
  }
}

/** Ends that say nothing about the place: every other would end in the same way. */
const GIVEN_UP: ReadonlySet<string> = new Set(['ABORTED', 'TIMEOUT', 'CLOSED'])

/** One endpoint's stream. What arrives before its turn waits here: one message at most, and the end. */
class EndpointStream implements StreamSink {
  private readonly owner: EndpointsReader
  private readonly request: Uint8Array
  private readonly places: Place[]
  private readonly options: EndpointsOptions
  private reader: ResultReader | null = null
  private place: Place | null = null
  private isOpen = false
  private received = false
  /** Why the places before this one could not be reached. */
  private readonly missed: string[] = []
  private readonly waiting: Array<() => void> = []

  constructor(owner: EndpointsReader, endpoint: FlightEndpoint, places: Place[], options: EndpointsOptions) {
    if (endpoint.ticket === undefined) throw new ProtocolError('An endpoint without a ticket')
    this.owner = owner
    this.request = encode(Ticket, endpoint.ticket)
    this.places = places
    this.options = options
  }

  start(paused: boolean): void {
    this.isOpen = !paused
    const place = this.places.shift()!
    this.place = place
    place.users++
    const reader = new ResultReader(this, this.options.values)
    this.reader = reader
    const { deadline, signal, metadata } = this.options
    const callOptions: CallOptions = {
      metadata: metadataFor(place, metadata),
      deadline,
      signal,
      alignAt: bodyOffset,
    }
    reader.call = place.transport.start(DO_GET, this.request, reader, callOptions)
    this.owner.streamCalled()
    if (paused) reader.call.pause()
  }

  /** Its turn, or its consumer wants more. */
  open(): void {
    this.isOpen = true
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      next()
      if (!this.isOpen) return
    }
    this.reader?.call.resume()
  }

  pause(): void {
    this.isOpen = false
    this.reader?.call.pause()
  }

  cancel(reason: SidecarError): void {
    this.waiting.length = 0
    // What ends this stream is no reason to try elsewhere.
    this.places.length = 0
    this.reader?.call.cancel(reason)
  }

  onSchema(schema: Schema): void {
    this.received = true
    this.inTurn(() => this.owner.streamSchema(schema))
  }

  onBatch(batch: ResultBatch): void {
    this.inTurn(() => this.owner.streamBatch(batch))
  }

  onEnd(error: SidecarError | null, headers: Metadata | null): void {
    this.place!.users--
    // Another place may serve the same ticket, as long as this one was never reached.
    if (error?.unprocessed && !this.received && this.places.length > 0 && !GIVEN_UP.has(error.code)) {
      this.missed.push(error.message)
      this.start(!this.isOpen)
      return
    }
    this.reader = null
    this.owner.streamHeaders(headers)
    // A failure need not wait for its turn: the result is lost.
    if (error !== null) this.owner.streamEnd(this.failure(error))
    else this.inTurn(() => this.owner.streamEnd(null))
  }

  /** Of a place the user never heard of, the error has to say how it came to be asked. */
  private failure(error: SidecarError): SidecarError {
    const unreached = error.code === 'CONNECTION_FAILED' && !this.received
    if (!unreached || !(this.place!.named || this.missed.length > 0)) return error
    const problems = [...this.missed, error.message].map((problem) => `\n  ${problem}`).join('')
    const { unprocessed } = error
    const message = `The server says where the result lies, and no such place can be reached:${problems}`
    return new ConnectionError('CONNECTION_FAILED', message, { cause: error, unprocessed })
  }

  private inTurn(action: () => void): void {
    if (this.isOpen && this.waiting.length === 0) action()
    else this.waiting.push(action)
  }
}
