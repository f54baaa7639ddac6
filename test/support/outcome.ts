import type { SidecarError } from '../../src/errors.ts'
import type { Call, CallOptions, Metadata, Transport } from '../../src/transport/transport.ts'

/** All that a call gave. */
export interface Outcome {
  messages: Uint8Array[]
  headers: Metadata | undefined
  trailers: Metadata
  error: SidecarError | null
}

/** Makes one call and runs it to its end. */
export function outcomeOf(
  transport: Transport,
  path: string,
  request: Uint8Array | null,
  options?: CallOptions,
  onCall?: (call: Call) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: Uint8Array[] = []
    let headers: Metadata | undefined
    const call = transport.start(
      path,
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
