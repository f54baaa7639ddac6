import { onTestFinished } from 'vitest'
import { DatasetWriter } from '../../src/client/write.ts'
import { createFlightSource } from '../../src/flight/flight-source.ts'
import type { ServerKind } from '../../src/flight/server-kind.ts'
import {
  type FlightScript,
  type FlightServer,
  flightServer,
  type ServerOptions,
} from '../support/flight-server.ts'

/** A server that follows `script` until the test ends. */
export async function serve(script: FlightScript, options?: ServerOptions): Promise<FlightServer> {
  const server = await flightServer(script, options)
  onTestFinished(() => server.kill())
  return server
}

/** A writer to it, as to a server of this kind. */
export async function writerTo({ address }: FlightServer, server: ServerKind): Promise<DatasetWriter> {
  const source = createFlightSource({ address, server })
  onTestFinished(() => source.close())
  await source.connect()
  return new DatasetWriter(source.client, server)
}
