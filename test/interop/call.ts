import type { SidecarError } from '../../src/errors.ts'
import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type {
  Call,
  CallOptions,
  Metadata,
  Transport,
  TransportOptions,
} from '../../src/transport/transport.ts'

/** Both fillings of the Transport seam: what one can do with a peer, the other has to. */
export const TRANSPORTS: ReadonlyArray<[name: string, create: (options: TransportOptions) => Transport]> = [
  ['native', createNativeTransport],
  ['grpc-js', createGrpcTransport],
]

export interface Outcome {
  messages: Uint8Array[]
  headers: Metadata | null
  trailers: Metadata
  error: SidecarError | null
}

/** Runs one call to its end. */
export function outcomeOf(
  transport: Transport,
  path: string,
  request: Uint8Array,
  options: CallOptions = {},
  onMessage?: (call: Call, messages: Uint8Array[]) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: Uint8Array[] = []
    let headers: Metadata | null = null
    const call = transport.start(
      path,
      request,
      {
        onHeaders: (metadata) => {
          headers = metadata
        },
        onMessage: (message) => {
          messages.push(message)
          onMessage?.(call, messages)
        },
        onEnd: (error, trailers) => resolve({ messages, headers, trailers, error }),
      },
      options,
    )
  })
}
