import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { BindAddress, Listener, RuntimeContext } from '../runtime-context.ts'
import { FlightAuthentication } from './authentication.ts'
import { flightHandlers } from './flight-handlers.ts'
import { FLIGHT_SERVICE } from './flight-service.ts'

/** The runtime's default for one message, each way; what is sent is never refused here. */
const MAX_RECEIVE_BYTES = 100 * 1024 * 1024

/**
 * Listens for Arrow Flight on cleartext HTTP/2. Rejects when the address cannot be bound.
 * Plaintext only: a runtime that asks for keys belongs on loopback or behind a proxy that adds TLS.
 */
export async function startFlightServer(context: RuntimeContext, bind: BindAddress): Promise<Listener> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    // Channelz stays on: without it grpc-js keeps no list of its sessions, and forceShutdown ends none.
  })
  server.addService(FLIGHT_SERVICE, flightHandlers(context, new FlightAuthentication(context.authenticator)))
  const host = bind.host.includes(':') ? `[${bind.host}]` : bind.host
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${bind.port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error)
      else resolve(bound)
    })
  })
  return { address: `${host}:${port}`, close: (deadlineMs) => closeServer(server, deadlineMs) }
}

function closeServer(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), deadlineMs)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
