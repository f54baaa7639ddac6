import { createServer } from 'node:http'
import type { Metrics } from '../metrics.ts'
import type { BindAddress, Listener } from '../runtime-context.ts'
import { listen } from './http-server.ts'

/** Prometheus text on every path but `/health`, which answers `OK`. */
export function startMetricsServer(metrics: Metrics, bind: BindAddress): Promise<Listener> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(request.url === '/health' ? 'OK' : metrics.toText())
  })
  return listen(server, bind)
}
