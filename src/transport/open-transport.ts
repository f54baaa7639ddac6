import { createGrpcTransport } from './grpc-js/index.ts'
import { createNativeTransport } from './native/index.ts'
import type { Transport, TransportOptions } from './transport.ts'

/** @param kind option `flight.transport` */
export function openTransport(kind: 'native' | 'grpc-js', options: TransportOptions): Transport {
  return kind === 'grpc-js' ? createGrpcTransport(options) : createNativeTransport(options)
}
