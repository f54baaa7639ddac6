import type { Transport, TransportOptions } from '../transport.ts'
import { NativeTransport } from './transport.ts'

/**
 * A transport on our own HTTP/2 client. Nothing connects before the first call or `connect()`.
 * A connection without calls does not keep the process alive.
 */
export function createNativeTransport(options: TransportOptions): Transport {
  return new NativeTransport(options)
}
