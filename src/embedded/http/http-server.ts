import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, Server as SocketServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { formatAddress } from '../bind-address.ts'
import type { BindAddress, Listener, RuntimeContext } from '../runtime-context.ts'
import { createApp } from './app.ts'

/** Serves the HTTP API. Throws Node's error when the address cannot be had. */
export async function startHttpServer(context: RuntimeContext, bind: BindAddress): Promise<Listener> {
  const app = createApp(context)
  const server = createServer(
    // Like the runtime, never close a connection only because it is idle.
    { keepAliveTimeout: 0, noDelay: true },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  )
  return listen(server, bind)
}

/** Binds a server and makes a `Listener` of it that drains when it is closed. */
export async function listen(server: Server, bind: BindAddress): Promise<Listener> {
  let active = 0
  let onIdle = () => {}
  server.on('request', (_, response) => {
    active++
    response.once('close', () => {
      active--
      if (active === 0) onIdle()
    })
  })
  server.listen(bind.port, bind.host)
  await once(server, 'listening')
  return {
    address: formatAddress(server.address() as AddressInfo),
    async close(deadlineMs) {
      const closed = new Promise<void>((resolve) => {
        // http.Server.close() would also drop idle connections, which are still to be answered with 503.
        SocketServer.prototype.close.call(server, () => resolve())
      })
      if (active > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, deadlineMs)
          onIdle = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      server.closeAllConnections()
      await closed
    },
  }
}
