import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Link, openLink } from '../../src/bench/link.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A server that sends back what it gets, and ends when the other side ends. */
async function echoServer(): Promise<string> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function dial(link: Link): Promise<Socket> {
  const socket = connect({ port: Number(link.address.split(':')[1]), host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  open.push(() => socket.destroy())
  return socket
}

async function linkTo(target: string, profile: Parameters<typeof openLink>[1]): Promise<Link> {
  const link = await openLink(target, profile)
  open.push(() => link.close())
  return link
}

test('a reply takes at least the round-trip time', async () => {
  const link = await linkTo(await echoServer(), { rttMs: 30, jitterMs: 0, megabitsPerSecond: 1000 })
  const socket = await dial(link)
  const start = performance.now()
  socket.write('ping')
  const [reply] = await once(socket, 'data')
  expect(performance.now() - start).toBeGreaterThanOrEqual(29.5)
  expect(String(reply)).toBe('ping')
})

test('a megabyte takes at least the time the bandwidth allows', async () => {
  const link = await linkTo(await echoServer(), { rttMs: 0, jitterMs: 0, megabitsPerSecond: 80 })
  const socket = await dial(link)
  const sent = Buffer.alloc(1_000_000, 'x')
  const start = performance.now()
  socket.end(sent)
  let received = 0
  for await (const chunk of socket) received += chunk.length
  expect(received).toBe(sent.length)
  // 10 MB/s in each direction, the second overlapping the first: no less than 100 ms.
  expect(performance.now() - start).toBeGreaterThanOrEqual(99)
})

test('bytes keep their order under jitter, and a half-closed connection still gets its answer', async () => {
  const link = await linkTo(await echoServer(), { rttMs: 1, jitterMs: 5, megabitsPerSecond: 1000 })
  const socket = await dial(link)
  const numbers = Array.from({ length: 200 }, (_, index) => `${index};`)
  for (const number of numbers) socket.write(number)
  socket.end()
  let received = ''
  for await (const chunk of socket) received += chunk
  expect(received).toBe(numbers.join(''))
})

test('a target that refuses the connection ends the client connection', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const socket = await dial(
    await linkTo(`127.0.0.1:${port}`, { rttMs: 0, jitterMs: 0, megabitsPerSecond: 1 }),
  )
  socket.on('error', () => {})
  await once(socket, 'close')
})
