import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

type BytesMethod = MethodDefinition<Uint8Array, Uint8Array>

/** gRPC wants Buffers; the messages are encoded and decoded by the handlers. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function method(name: string, requestStream: boolean, responseStream: boolean): BytesMethod {
  return {
    path: `/arrow.flight.protocol.FlightService/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  }
}

/** `arrow.flight.protocol.FlightService` over messages as bytes. */
export const FLIGHT_SERVICE = {
  Handshake: method('Handshake', true, true),
  ListFlights: method('ListFlights', false, true),
  GetFlightInfo: method('GetFlightInfo', false, false),
  PollFlightInfo: method('PollFlightInfo', false, false),
  GetSchema: method('GetSchema', false, false),
  DoGet: method('DoGet', false, true),
  DoPut: method('DoPut', true, true),
  DoExchange: method('DoExchange', true, true),
  DoAction: method('DoAction', false, true),
  ListActions: method('ListActions', false, true),
} as const satisfies ServiceDefinition
