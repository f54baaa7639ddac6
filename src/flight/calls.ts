import { LimitError, ParameterError, ProtocolError, type SidecarError } from '../errors.ts'
import type { Call, CallOptions, Metadata, Transport } from '../transport/transport.ts'

/** gRPC paths of the Flight service. */
const SERVICE = '/arrow.flight.protocol.FlightService'
export const HANDSHAKE = `${SERVICE}/Handshake`
export const LIST_FLIGHTS = `${SERVICE}/ListFlights`
export const GET_FLIGHT_INFO = `${SERVICE}/GetFlightInfo`
export const GET_SCHEMA = `${SERVICE}/GetSchema`
export const DO_GET = `${SERVICE}/DoGet`
export const DO_PUT = `${SERVICE}/DoPut`
export const DO_ACTION = `${SERVICE}/DoAction`
export const LIST_ACTIONS = `${SERVICE}/ListActions`

/** What the answers of one call that is collected whole may take. */
const MAX_COLLECTED_MESSAGES = 65_536
const MAX_COLLECTED_BYTES = 64 * 1024 * 1024

export interface Answers {
  messages: Uint8Array[]
  /** Initial metadata; null for a response without any. */
  headers: Metadata | null
  trailers: Metadata
}

export interface CollectOptions extends CallOptions {
  /** Told of every answer when it arrives. */
  onAnswer?(message: Uint8Array): void
  /** Told of the call as soon as it runs, to be able to cancel it. */
  onCall?(call: Call): void
}

/** Makes one call and collects every answer. Rejects with the call's error. */
export function collect(
  transport: Transport,
  path: string,
  request: Uint8Array,
  options: CollectOptions,
): Promise<Answers> {
  return gather(transport, path, request, options)
}

/** Makes a call that has exactly one answer. */
export async function unary(
  transport: Transport,
  path: string,
  request: Uint8Array,
  options: CollectOptions,
): Promise<Uint8Array> {
  const { messages } = await gather(transport, path, request, options)
  if (messages.length !== 1) {
    throw new ProtocolError(`${methodOf(path)} has one answer, the peer sent ${messages.length}`)
  }
  return messages[0]
}

/** Sends `requests` at the pace the peer takes them, then collects every answer. */
export function upload(
  transport: Transport,
  path: string,
  requests: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: CollectOptions,
): Promise<Answers> {
  let drained: (() => void) | null = null
  let running = true
  const proceed = (): void => {
    drained?.()
    drained = null
  }
  return gather(transport, path, null, {
    ...options,
    onDrain: proceed,
    onSettled() {
      running = false
      proceed()
    },
    async onCall(call) {
      options.onCall?.(call)
      try {
        for await (const request of requests) {
          if (!running) return
          if (!(request instanceof Uint8Array)) {
            throw new ParameterError(`${methodOf(path)} sends messages as Uint8Array, not ${typeof request}`)
          }
          if (!call.write(request)) {
            await new Promise<void>((resolve) => {
              drained = resolve
            })
          }
        }
        call.end()
      } catch (error) {
        call.cancel(error as SidecarError)
      }
    },
  })
}

interface GatherOptions extends CollectOptions {
  onDrain?(): void
  onSettled?(): void
}

function gather(
  transport: Transport,
  path: string,
  request: Uint8Array | null,
  options: GatherOptions,
): Promise<Answers> {
  return new Promise((resolve, reject) => {
    const messages: Uint8Array[] = []
    let headers: Metadata | null = null
    let bytes = 0
    const call = transport.start(
      path,
      request,
      {
        onHeaders(metadata) {
          headers = metadata
        },
        onMessage(message) {
          messages.push(message)
          bytes += message.length
          try {
            options.onAnswer?.(message)
          } catch (error) {
            call.cancel(error as SidecarError)
          }
          if (messages.length > MAX_COLLECTED_MESSAGES || bytes > MAX_COLLECTED_BYTES) {
            call.cancel(new LimitError(`${methodOf(path)} gave more answers than are collected whole`))
          }
        },
        onEnd(error, trailers) {
          options.onSettled?.()
          if (error !== null) reject(error)
          else resolve({ messages, headers, trailers })
        },
        onDrain: options.onDrain,
      },
      options,
    )
    options.onCall?.(call)
  })
}

function methodOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
