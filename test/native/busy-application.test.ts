import { expect, test } from 'vitest'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { text } from './collect.ts'
import { answerAll, answering, Fault } from './fault.ts'
import { ping, response, type ScriptedConnection, settings, settingsAck } from './scripted-server.ts'

// The application keeps the event loop to itself for longer than a peer may take: what the peer said in time is
// read too late, and is no reason to call it silent.

const LIMIT_MS = 100

/** Nothing runs in this process meanwhile, timers and sockets included. */
function holdUp(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * LIMIT_MS)
}

test('while connecting', async () => {
  const fault = await Fault.play((connection) => answering(connection, 0), { connectTimeoutMs: LIMIT_MS })
  const asking = fault.ask()
  holdUp()
  expect((await asking).error).toBeNull()
  expect(fault.transport.stats.connections).toBe(1)
  await fault.end()
})

test('while SETTINGS are acknowledged', async () => {
  const fault = await Fault.play(
    async (connection) => {
      connection.send(settings())
      await connection.request()
      connection.send(settingsAck(), response(1, 'fine'))
      holdUp()
      await answerAll(connection)
    },
    { connectTimeoutMs: LIMIT_MS },
  )
  const { error, messages } = await fault.ask()
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['fine'])
  await fault.expectNextWorks(1)
  await fault.end()
})

test('while a PING is answered', async () => {
  const answerPing = async (connection: ScriptedConnection) => {
    const probe = await connection.nextOf(FrameType.PING, 0)
    connection.send(ping(Flag.ACK, probe!.payload))
  }
  const fault = await Fault.play(
    async (connection) => {
      connection.greet()
      await connection.request()
      await answerPing(connection)
      holdUp()
      connection.send(response(1, 'fine'))
    },
    { pingAfterIdleMs: LIMIT_MS, pingTimeoutMs: LIMIT_MS },
  )
  const { error, messages } = await fault.ask()
  expect(error).toBeNull()
  expect(messages.map(text)).toEqual(['fine'])
  await fault.end()
})
