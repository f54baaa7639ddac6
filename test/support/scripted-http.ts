import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface SeenRequest {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

/** Answers one request; `null` leaves it to the routes every runtime has. */
export type Script = (request: SeenRequest, response: ServerResponse) => unknown

export interface ScriptedServer {
  url: string
  port: number
  /** Every request, in the order of arrival. */
  requests: SeenRequest[]
  sockets: Set<Socket>
  close(): Promise<void>
}

/** A status list as the runtime sends it. */
export function statusList(flight = 'N/A') {
  return [
    { name: 'http', endpoint: '127.0.0.1:8090', status: 'Ready' },
    { name: 'flight', endpoint: flight, status: 'Ready' },
    { name: 'metrics', endpoint: 'N/A', status: 'Disabled' },
  ]
}

/** An HTTP server on 127.0.0.1 that does exactly what the script says. */
export async function scriptedHttp(script: Script, port = 0, host = '127.0.0.1'): Promise<ScriptedServer> {
  const requests: SeenRequest[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((message, response) => {
    const chunks: Buffer[] = []
    message.on('error', () => {})
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      const { method = '', url = '', headers } = message
      const request = { method, url, headers, body: Buffer.concat(chunks).toString() }
      requests.push(request)
      script(request, response)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: bound } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    requests,
    sockets,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A ready runtime without Flight, whose `POST /v1/sql` is answered by `onSql`. */
export function runtimeScript(onSql: Script): Script {
  return (request, response) => {
    if (request.url === '/v1/ready') return response.end('ready')
    if (request.url === '/v1/status') {
      return response.setHeader('content-type', 'application/json').end(JSON.stringify(statusList()))
    }
    if (request.url === '/v1/sql') return onSql(request, response)
    return response.writeHead(404).end()
  }
}

export const SQL_MEDIA_TYPE = 'application/vnd.spiceai.sql.v1+json'

/** A reply of `/v1/sql`: `types` as arrow-rs serialises them, `data` as JSON text of the rows. */
export function sqlReply(types: Record<string, unknown>, data: string, rowCount?: number): string {
  const fields = Object.entries(types).map(([name, data_type]) => ({
    name,
    data_type,
    nullable: true,
    dict_id: 0,
    dict_is_ordered: false,
    metadata: {},
  }))
  const count = rowCount ?? (JSON.parse(data) as unknown[]).length
  return `{"row_count":${count},"schema":${JSON.stringify({ fields, metadata: {} })},"data":${data}}`
}

export function sendSql(response: ServerResponse, body: string): void {
  response.setHeader('content-type', SQL_MEDIA_TYPE).end(body)
}
