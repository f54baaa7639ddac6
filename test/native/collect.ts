import type { SidecarError } from '../../src/errors.ts'
import type { Call, CallOptions, Metadata, Transport } from '../../src/transport/transport.ts'

export interface Outcome {
  messages: Uint8Array[]
  headers: Metadata | undefined
  trailers: Metadata
  error: SidecarError | null
}

/** Starts a call and gathers all it gives. */
export function collect(
  transport: Transport,
  method: string,
  request: Uint8Array | null,
  options?: CallOptions,
  onCall?: (call: Call) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: Uint8Array[] = []
    let headers: Metadata | undefined
    const call = transport.start(
      `/test.Test/${method}`,
      request,
      {
        onHeaders: (metadata) => {
          headers = metadata
        },
        onMessage: (message) => messages.push(message),
        onEnd: (error, trailers) => resolve({ messages, headers, trailers, error }),
      },
      options,
    )
    onCall?.(call)
  })
}

export const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()
