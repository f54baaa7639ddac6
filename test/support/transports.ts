import { createGrpcTransport } from '../../src/transport/grpc-js/index.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'

/** Both fillings of the Transport seam: what one can do with a peer, the other has to. */
export const transports = { native: createNativeTransport, 'grpc-js': createGrpcTransport }
