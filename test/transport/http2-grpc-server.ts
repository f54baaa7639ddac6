import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type ConformanceServer, FAILURE, PIECE_BYTES } from './conformance-server.ts'

function framed(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

async function* messagesOf(stream: ServerHttp2Stream): AsyncGenerator<Buffer> {
  let unread = Buffer.alloc(0)
  let chunks: Buffer[] = []
  let waiting = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    waiting += chunk.length
    // Joined once a whole message is there, so that a large one is not copied with every chunk.
    if (unread.length >= 5 && unread.length + waiting < 5 + unread.readUInt32BE(1)) continue
    unread = Buffer.concat([unread, ...chunks])
    chunks = []
    waiting = 0
    while (unread.length >= 5 && unread.length >= 5 + unread.readUInt32BE(1)) {
      const end = 5 + unread.readUInt32BE(1)
      yield unread.subarray(5, end)
      unread = unread.subarray(end)
    }
  }
}

/** gRPC by hand on `node:http2`, after the gRPC over HTTP/2 specification, with faults on request. */
export async function startHttp2GrpcServer(): Promise<ConformanceServer> {
  const sessions = new Set<ServerHttp2Session>()
  const seen: ConformanceServer['seen'] = { timeouts: [], cancelled: [], written: 0 }
  const server = createServer()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    const name = String(headers[':path']).split('/').at(-1)!
    seen.timeouts.push(headers['grpc-timeout'] as string | undefined)
    let trailers: Record<string, string> = { 'grpc-status': '0', done: 'yes', 'trace-bin': 'AQL/' }
    let answered = false
    stream.on('close', () => {
      if (!answered) seen.cancelled.push(name)
    })
    const open = () => {
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc+proto',
          ...(headers.greeting === undefined ? {} : { echo: headers.greeting }),
          ...(headers['blob-bin'] === undefined ? {} : { 'echo-bin': headers['blob-bin'] }),
        },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => {
        answered = true
        stream.sendTrailers(trailers)
      })
    }
    const send = async (body: Uint8Array) => {
      if (!stream.write(framed(body)) && !stream.destroyed) {
        await Promise.race([once(stream, 'drain'), once(stream, 'close')])
      }
    }
    const methods: Record<string, () => Promise<void>> = {
      Unary: async () => {
        for await (const message of messagesOf(stream)) {
          open()
          stream.end(framed(message))
        }
      },
      ServerStream: async () => {
        for await (const message of messagesOf(stream)) {
          open()
          for (const size of JSON.parse(message.toString()) as number[])
            await send(Buffer.alloc(size, size % 251))
          stream.end()
        }
      },
      ClientStream: async () => {
        let count = 0
        let bytes = 0
        for await (const message of messagesOf(stream)) {
          count++
          bytes += message.length
        }
        open()
        stream.end(framed(Buffer.from(`${count} messages, ${bytes} bytes`)))
      },
      Bidi: async () => {
        open()
        for await (const message of messagesOf(stream)) await send(message)
        stream.end()
      },
      Fail: async () => {
        answered = true
        const fields = {
          'grpc-status': String(FAILURE.code),
          'grpc-message': encodeURI(FAILURE.details),
          'grpc-status-details-bin': FAILURE.statusDetails.toString('base64'),
        }
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...fields }, { endStream: true })
      },
      FailLate: async () => {
        open()
        trailers = {
          'grpc-status': String(FAILURE.code),
          'grpc-message': encodeURI(FAILURE.details),
        }
        stream.end(framed(Buffer.from('before')))
      },
      Silent: async () => {},
      Endless: async () => {
        open()
        while (!stream.destroyed) {
          seen.written += PIECE_BYTES
          await send(Buffer.alloc(PIECE_BYTES))
          // Other streams have their turn even while this one is never held back.
          await new Promise((resolve) => setImmediate(resolve))
        }
      },
      NoTrailers: async () => {
        answered = true
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
        stream.end(framed(Buffer.from('x')))
      },
      TruncatedPrefix: async () => {
        open()
        stream.end(Buffer.concat([framed(Buffer.from('whole')), Buffer.alloc(3)]))
      },
      TruncatedMessage: async () => {
        open()
        stream.end(
          Buffer.concat([framed(Buffer.from('whole')), framed(Buffer.from('cut short')).subarray(0, 8)]),
        )
      },
    }
    const status = /^Http(\d+)$/.exec(name)
    if (status) {
      answered = true
      stream.respond({ ':status': Number(status[1]), 'content-type': 'text/plain' })
      stream.end('no gRPC here')
    } else methods[name]().catch(() => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    stop: async () => {
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}
