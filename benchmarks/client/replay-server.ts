/**
 * A Flight server that only replays: every answer is prepared at the start, so that what a benchmark
 * measures is its client. Run it as its own process; the address goes to the parent as a message, or to
 * standard output as one line of JSON.
 */
import { createServer, type Socket } from 'node:net'
import type { ServerAddress } from './cases.ts'
import { buildFixtures } from './flight-fixtures.ts'
import { GRPC_PREFIX_BYTES } from './http2-wire.ts'
import { Answer, ReplayConnection } from './replay-connection.ts'

const answers = buildFixtures().map((fixture) => ({
  sql: fixture.sql,
  data: new Answer(fixture.data),
  info: new Answer([fixture.info]),
}))

/** The first byte after the gRPC prefix tells a `FlightDescriptor` (its type) from a `Ticket`. */
const DESCRIPTOR_TYPE_TAG = 0x08

function choose(request: Buffer): Answer | null {
  const text = request.toString('latin1')
  const answer = answers.find((candidate) => text.includes(candidate.sql))
  if (answer === undefined) return null
  return request[5] === DESCRIPTOR_TYPE_TAG ? answer.info : answer.data
}

const sockets = new Set<Socket>()
const server = createServer((socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  new ReplayConnection(socket, choose)
})
server.listen(0, '127.0.0.1', () => {
  const listening = server.address()
  if (listening === null || typeof listening === 'string') throw new Error('the replay server has no port')
  const address: ServerAddress = {
    port: listening.port,
    answerBytes: Object.fromEntries(
      answers.map(({ sql, data }) => [sql, data.dataBytes - data.messages.length * GRPC_PREFIX_BYTES]),
    ),
    answerMessages: Object.fromEntries(answers.map(({ sql, data }) => [sql, data.messages.length])),
  }
  if (process.send) process.send(address)
  else console.log(JSON.stringify(address))
})
process.on('message', () => {
  for (const socket of sockets) socket.destroy()
  process.send!('dropped')
})
process.once('disconnect', () => process.exit(0))
