import type { Metadata as GrpcMetadata } from '@grpc/grpc-js'
import type { Metadata, MetadataEntries } from '../transport.ts'

/** Metadata of a call that ended without any. */
export const NO_METADATA: Metadata = { get: () => undefined, getBinary: () => undefined, entries: () => [] }

/** Response metadata as grpc-js holds it, behind the seam's interface. */
export class ReceivedMetadata implements Metadata {
  private readonly received: GrpcMetadata
  constructor(received: GrpcMetadata) {
    this.received = received
  }

  get(name: string): string | undefined {
    const value = this.received.get(name)[0]
    return typeof value === 'string' ? value : undefined
  }

  getBinary(name: string): Uint8Array | undefined {
    const value = this.received.get(name)[0]
    return typeof value === 'object' ? value : undefined
  }

  entries(): MetadataEntries {
    const entries: Array<readonly [string, string | Uint8Array]> = []
    for (const name of Object.keys(this.received.getMap())) {
      for (const value of this.received.get(name)) entries.push([name, value])
    }
    return entries
  }
}
