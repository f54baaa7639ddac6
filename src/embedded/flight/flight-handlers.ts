import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { HandshakeResponse } from '../../flight/messages.generated.ts'
import { encode } from '../../flight/protobuf.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { doAction, listActions } from './actions.ts'
import type { FlightAuthentication } from './authentication.ts'
import { doGet } from './do-get.ts'
import { doPut } from './do-put.ts'
import { type FlightCall, ResponseStream, signalOfCall } from './flight-call.ts'
import { statusOf, unimplemented } from './flight-error.ts'
import { getFlightInfo, getSchema } from './get-flight-info.ts'
import { Ingestion } from './ingestion.ts'

type UnaryCall = handleUnaryCall<Uint8Array, Uint8Array>
type StreamingCall = handleServerStreamingCall<Uint8Array, Uint8Array>
type DuplexCall = handleBidiStreamingCall<Uint8Array, Uint8Array>

type Unary = (request: Uint8Array, call: FlightCall) => Promise<Uint8Array>
type Streaming = (request: Uint8Array, call: FlightCall, stream: ResponseStream) => Promise<void>
type Duplex = (requests: AsyncIterable<Uint8Array>, call: FlightCall, stream: ResponseStream) => Promise<void>

/** Every method of the service. Each call but Handshake is authenticated before anything else happens. */
export function flightHandlers(
  context: RuntimeContext,
  authentication: FlightAuthentication,
): UntypedServiceImplementation {
  const calls = new CallAdapter(authentication)
  const ingestion = new Ingestion(context)
  const notOffered = async () => {
    throw unimplemented('This method is not implemented by the runtime')
  }
  return {
    Handshake: handshake(authentication),
    ListFlights: calls.streaming(notOffered),
    GetFlightInfo: calls.unary((request, call) => getFlightInfo(context, request, call)),
    PollFlightInfo: calls.unary(notOffered),
    GetSchema: calls.unary((request, call) => getSchema(context, request, call)),
    DoGet: calls.streaming((request, call, stream) => doGet(context, request, call, stream)),
    DoPut: calls.duplex((requests, call, stream) => doPut(context, ingestion, requests, call, stream)),
    DoExchange: calls.duplex(notOffered),
    DoAction: calls.streaming(async (request, call, stream) => {
      for (const result of await doAction(context, request, call)) await stream.write(result)
    }),
    ListActions: calls.streaming(async (_request, _call, stream) => {
      for (const action of listActions()) await stream.write(action)
    }),
  }
}

/** Turns handlers that return promises and throw into what grpc-js calls. */
class CallAdapter {
  private readonly authentication: FlightAuthentication

  constructor(authentication: FlightAuthentication) {
    this.authentication = authentication
  }

  unary(handler: Unary): UnaryCall {
    return async (call, respond) => {
      try {
        respond(null, await handler(call.request, this.flightCall(call)))
      } catch (error) {
        respond(statusOf(error))
      }
    }
  }

  streaming(handler: Streaming): StreamingCall {
    return async (call) => {
      try {
        const flightCall = this.flightCall(call)
        await handler(call.request, flightCall, new ResponseStream(call, flightCall.signal))
        call.end()
      } catch (error) {
        call.emit('error', statusOf(error))
      }
    }
  }

  duplex(handler: Duplex): DuplexCall {
    return async (call) => {
      try {
        const flightCall = this.flightCall(call)
        // Reading to the end must not destroy the call: its answer is still to be sent.
        const requests = call.iterator({ destroyOnReturn: false })
        await handler(requests, flightCall, new ResponseStream(call, flightCall.signal))
        call.end()
      } catch (error) {
        call.emit('error', statusOf(error))
      }
    }
  }

  private flightCall(call: {
    metadata: Metadata
    sendMetadata(metadata: Metadata): void
    on(event: 'cancelled', listener: () => void): unknown
  }): FlightCall {
    return {
      principal: this.authentication.authenticate(call.metadata),
      requestMetadata: call.metadata,
      signal: signalOfCall(call),
      sendMetadata: (metadata) => call.sendMetadata(metadata),
    }
  }
}

/**
 * Answers from the metadata alone, without waiting for a request message: some clients send none. The
 * session id is the payload and in `x-session-id`, and with keys also the bearer token.
 */
function handshake(authentication: FlightAuthentication): DuplexCall {
  return (call) => {
    call.resume()
    try {
      const session = authentication.openSession(call.metadata)
      const metadata = new Metadata()
      metadata.set('x-session-id', session)
      if (authentication.enabled) metadata.set('authorization', `Bearer ${session}`)
      call.sendMetadata(metadata)
      call.write(encode(HandshakeResponse, { payload: Buffer.from(session) }))
      call.end()
    } catch (error) {
      call.emit('error', statusOf(error))
    }
  }
}
