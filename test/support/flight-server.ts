import { type Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js'
import type { FlightAddress } from '../../src/transport/transport.ts'

/**
 * A scripted Flight server on grpc-js for tests: handlers deal in raw protobuf messages, every RPC is
 * counted with its metadata.
 */

const FLIGHT_METHODS = [
  'Handshake',
  'ListFlights',
  'GetFlightInfo',
  'PollFlightInfo',
  'GetSchema',
  'DoGet',
  'DoPut',
  'DoExchange',
  'DoAction',
  'ListActions',
] as const
export type FlightMethod = (typeof FLIGHT_METHODS)[number]

/** Answers one RPC: sends messages; returning ends it with OK, throwing `Refusal` with that status. */
export type FlightHandler = (call: ServerCall) => Promise<void> | void

export type FlightScript = { [M in FlightMethod]?: FlightHandler }

/** Thrown by a handler to end its RPC with a status other than OK. */
export class Refusal extends Error {
  readonly code: number
  readonly metadata: Metadata | undefined
  constructor(name: keyof typeof status, details: string, metadata?: Metadata) {
    super(details)
    this.code = status[name]
    this.metadata = metadata
  }
}

export class ServerCall {
  /** Resolves when the client cancelled the call or its connection went. */
  readonly cancelled: Promise<void>
  readonly metadata: Metadata
  private readonly stream: ServerDuplexStream<Buffer, Buffer>
  private readonly received: AsyncIterator<Buffer>

  constructor(stream: ServerDuplexStream<Buffer, Buffer>) {
    this.stream = stream
    this.metadata = stream.metadata
    // Reading to the end must not destroy the sending side.
    this.received = stream.iterator({ destroyOnReturn: false })
    this.cancelled = new Promise((resolve) => stream.once('cancelled', () => resolve()))
  }

  /** When the client wants to have given up. */
  get deadline(): Date {
    return new Date(this.stream.getDeadline())
  }

  /** The next request message, or null after the last. */
  async receive(): Promise<Uint8Array | null> {
    const next = await this.received.next()
    return next.done ? null : new Uint8Array(next.value)
  }

  /** Every further request message. */
  async receiveAll(): Promise<Uint8Array[]> {
    const messages: Uint8Array[] = []
    for (let message = await this.receive(); message !== null; message = await this.receive()) {
      messages.push(message)
    }
    return messages
  }

  sendHeaders(metadata: Metadata): void {
    this.stream.sendMetadata(metadata)
  }

  /** Sends one message; resolves when there is room for the next. */
  async send(message: Uint8Array): Promise<void> {
    if (this.stream.cancelled) throw new Refusal('CANCELLED', 'cancelled')
    const buffer = Buffer.from(message.buffer, message.byteOffset, message.length)
    if (this.stream.write(buffer)) return
    await Promise.race([new Promise<void>((resolve) => this.stream.once('drain', resolve)), this.cancelled])
  }
}

export interface ServerOptions {
  credentials?: ServerCredentials
  /** Default `127.0.0.1:0`; `unix:/path` works too. */
  bind?: string
  channelOptions?: Record<string, number>
}

export class FlightServer {
  readonly script: FlightScript
  /** The RPCs received, in order. */
  readonly calls: FlightMethod[] = []
  /** The request metadata of each, in the same order. */
  readonly metadata: Metadata[] = []
  /** RPCs being answered now. */
  open = 0
  port = 0
  private readonly server: Server
  private readonly options: ServerOptions

  constructor(script: FlightScript, options: ServerOptions = {}) {
    this.script = script
    this.options = options
    this.server = new Server({ 'grpc.max_receive_message_length': -1, ...options.channelOptions })
    const identity = (message: Buffer): Buffer => message
    const definition = Object.fromEntries(
      FLIGHT_METHODS.map((method) => [
        method,
        {
          path: `/arrow.flight.protocol.FlightService/${method}`,
          requestStream: true,
          responseStream: true,
          requestSerialize: identity,
          requestDeserialize: identity,
          responseSerialize: identity,
          responseDeserialize: identity,
        },
      ]),
    )
    const implementation = Object.fromEntries(
      FLIGHT_METHODS.map((method) => [
        method,
        (stream: ServerDuplexStream<Buffer, Buffer>) => void this.answer(method, stream),
      ]),
    )
    this.server.addService(definition, implementation)
  }

  async listen(): Promise<this> {
    const { bind = '127.0.0.1:0', credentials = ServerCredentials.createInsecure() } = this.options
    this.port = await new Promise((resolve, reject) => {
      this.server.bindAsync(bind, credentials, (error, port) => (error ? reject(error) : resolve(port)))
    })
    return this
  }

  get address(): FlightAddress {
    return { secure: false, host: '127.0.0.1', port: this.port }
  }

  count(method: FlightMethod): number {
    return this.calls.filter((name) => name === method).length
  }

  /** Forgets the RPCs counted so far. */
  reset(): void {
    this.calls.length = 0
    this.metadata.length = 0
  }

  /** Ends every connection at once, as a killed process would. */
  kill(): void {
    this.server.forceShutdown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
  }

  private async answer(method: FlightMethod, stream: ServerDuplexStream<Buffer, Buffer>): Promise<void> {
    this.calls.push(method)
    this.metadata.push(stream.metadata)
    this.open++
    // A stream whose connection goes emits errors nobody here waits for.
    stream.on('error', () => {})
    try {
      const handler = this.script[method]
      if (handler === undefined) throw new Refusal('UNIMPLEMENTED', `${method} is not implemented`)
      await handler(new ServerCall(stream))
      stream.end()
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('UNKNOWN', String(error))
      stream.emit('error', { code: refusal.code, details: refusal.message, metadata: refusal.metadata })
    } finally {
      this.open--
    }
  }
}

export function flightServer(script: FlightScript, options?: ServerOptions): Promise<FlightServer> {
  return new FlightServer(script, options).listen()
}
