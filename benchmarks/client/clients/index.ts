import type { ClientUnderTest } from './bench-client.ts'
import { floor } from './floor.ts'
import { grpcJsDefaults, grpcJsTuned } from './grpc-js-bare.ts'
import { nativeBare } from './native-bare.ts'
import { nodeHttp2 } from './node-http2.ts'
import { spiceJs } from './spice-js.ts'
import { native, nativeOverGrpcJs, nativePolling } from './spice-sidecar.ts'

/** In the order of the table. */
export const CLIENTS: readonly ClientUnderTest[] = [
  floor,
  native,
  nativePolling,
  nativeBare,
  nativeOverGrpcJs,
  nodeHttp2,
  grpcJsTuned,
  grpcJsDefaults,
  spiceJs,
]
