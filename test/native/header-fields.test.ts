import { createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import { collect, text } from './collect.ts'
import { message } from './scripted-server.ts'

test('header fields come as node:http2 encodes them, Huffman code and dynamic table included', async () => {
  let fields: Record<string, string> = {}
  const sessions = new Set<ServerHttp2Session>()
  const http2 = createServer()
  http2.on('session', (session) => sessions.add(session))
  http2.on('stream', (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', ...fields },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', ...fields }))
    stream.end(message('body'))
    stream.resume()
  })
  await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve))
  const { port } = http2.address() as AddressInfo
  const transport = createNativeTransport({ address: { secure: false, host: '127.0.0.1', port } })
  try {
    const name = fc.stringMatching(/^x-[a-z0-9]{1,12}$/)
    const value = fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/)
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, value, { maxKeys: 12, noNullPrototype: true }),
        async (generated) => {
          fields = generated
          const { error, messages, headers, trailers } = await collect(transport, 'Any', new Uint8Array())
          expect(error).toBeNull()
          expect(messages.map(text)).toEqual(['body'])
          for (const [key, expected] of Object.entries(generated)) {
            expect(headers?.get(key)).toBe(expected)
            expect(trailers.get(key)).toBe(expected)
          }
        },
      ),
      { numRuns: 200 },
    )
    expect(transport.stats.connections).toBe(1)
  } finally {
    await transport.close()
    for (const session of sessions) session.destroy()
    http2.close()
  }
})
