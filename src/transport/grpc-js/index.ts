import { formatFlightAddress } from '../../address.ts'
import { AbortError, ClosedError, ConnectionError, SidecarError } from '../../errors.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from '../defaults.ts'
import type {
  Call,
  CallHandler,
  CallOptions,
  Transport,
  TransportOptions,
  TransportStats,
} from '../transport.ts'
import { type CallOwner, GrpcJsCall } from './call.ts'
import { MonitoredChannel } from './monitored-channel.ts'

type Grpc = typeof import('@grpc/grpc-js')

/** grpc-js as a transport: the reference the native one is compared with. Loads grpc-js at first need. */
export function createGrpcTransport(options: TransportOptions): Transport {
  return new GrpcJsTransport(options)
}

class GrpcJsTransport implements Transport, CallOwner {
  readonly kind = 'grpc-js'
  readonly stats: TransportStats = { calls: 0, connections: 0, bytesReceived: 0, bytesSent: 0 }
  readonly peer: string
  readonly maxMessageBytes: number
  private readonly options: TransportOptions
  private loading: Promise<void> | null = null
  private grpc: Grpc | null = null
  private readonly channels: MonitoredChannel[] = []
  private nextChannel = 0
  private readonly calls = new Set<GrpcJsCall>()
  private closing: Promise<void> | null = null
  private onIdle: (() => void) | null = null

  constructor(options: TransportOptions) {
    this.options = options
    this.peer = formatFlightAddress(options.address)
    this.maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
  }

  start(path: string, request: Uint8Array | null, handler: CallHandler, options: CallOptions = {}): Call {
    const call = new GrpcJsCall(this, path, handler, options)
    this.calls.add(call)
    if (this.closing !== null) {
      call.cancel(new ClosedError(`The connection to ${this.peer} is closed`))
      return call
    }
    if (options.signal?.aborted) {
      call.cancel(
        new AbortError('The call was aborted before it began', {
          cause: options.signal.reason,
          unprocessed: true,
        }),
      )
      return call
    }
    if (request !== null) {
      call.write(request)
      call.end()
    }
    if (this.grpc !== null) {
      this.attach(call)
    } else {
      this.load().then(
        () => this.attach(call),
        (error) => call.cancel(this.unloadable(error)),
      )
    }
    return call
  }

  async connect(options: { signal?: AbortSignal; deadline?: number } = {}): Promise<void> {
    if (this.closing !== null) throw new ClosedError(`The connection to ${this.peer} is closed`)
    await this.load().catch((error) => {
      throw this.unloadable(error)
    })
    await this.channels[0].connect(options)
  }

  close(graceMs = 0): Promise<void> {
    this.closing ??= this.shutDown(graceMs)
    return this.closing
  }

  ended(call: GrpcJsCall): void {
    this.calls.delete(call)
    if (this.calls.size === 0) this.onIdle?.()
  }

  private async shutDown(graceMs: number): Promise<void> {
    if (graceMs > 0 && this.calls.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        this.onIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const reason = new ClosedError(`The connection to ${this.peer} was closed during the call`, {
      unprocessed: false,
    })
    for (const call of [...this.calls]) call.cancel(reason)
    await this.loading?.catch(() => {})
    for (const channel of this.channels) channel.close()
  }

  private attach(call: GrpcJsCall): void {
    this.nextChannel = (this.nextChannel + 1) % this.channels.length
    this.channels[this.nextChannel].start(call)
  }

  private load(): Promise<void> {
    this.loading ??= import('@grpc/grpc-js').then((module) => {
      // The CommonJS module arrives under `default` or as named exports, by loader.
      const grpc = (module as Grpc & { default?: Grpc }).default ?? module
      for (let count = this.options.connections ?? 1; count > 0; count--) {
        this.channels.push(new MonitoredChannel(grpc, this.options, this))
      }
      this.grpc = grpc
    })
    return this.loading
  }

  private unloadable(error: unknown): SidecarError {
    if (error instanceof SidecarError) return error
    return new ConnectionError(
      'CONNECTION_FAILED',
      `grpc-js could not be used: ${(error as Error).message}`,
      {
        cause: error,
        unprocessed: true,
      },
    )
  }
}
