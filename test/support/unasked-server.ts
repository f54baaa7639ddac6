import { afterAll, beforeAll } from 'vitest'
import { connect, type SidecarClient } from '../../src/index.ts'
import { type FlightMethod, type FlightServer, flightServer } from './flight-server.ts'

/**
 * For tests of what is wrong before anything is sent: a client, and the calls its server got all the same. Both
 * are made before the tests of the file that asks for them.
 */
export function unaskedServer(): { readonly spice: SidecarClient; readonly calls: readonly FlightMethod[] } {
  let server: FlightServer
  let spice: SidecarClient
  beforeAll(async () => {
    server = await flightServer({})
    spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, server: 'spice', env: {} })
  })
  afterAll(async () => {
    await spice?.close()
    server?.kill()
  })
  return {
    get spice() {
      return spice
    },
    get calls() {
      return server.calls
    },
  }
}
