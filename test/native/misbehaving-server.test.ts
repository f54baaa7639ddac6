import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { CONNECTION_FAULTS } from './connection-faults.ts'
import { expectError, Fault } from './fault.ts'
import { frame, settingsAck, windowUpdate } from './scripted-server.ts'

describe('a connection is given up, with a word to the peer, for', () => {
  test.each(Object.entries(CONNECTION_FAULTS))(
    '%s',
    async (_, { sends, code, says, error = ProtocolError }) => {
      const fault = await Fault.play(async (connection) => {
        connection.greet()
        await connection.request()
        await connection.request()
        connection.send(...sends)
      })
      await fault.transport.connect()
      const outcomes = await Promise.all([fault.ask(), fault.ask()])
      for (const outcome of outcomes) expectError(outcome, error, says)
      // Unread bytes at the close may cost the word to the peer; only the large faults leave any.
      const large = sends.reduce((sum, bytes) => sum + bytes.length, 0) > 10_000
      expect(large ? [code, undefined] : [code]).toContain(await fault.goawayCode())
      await fault.expectNextWorks(2)
      await fault.end()
    },
  )

  test('the same, one byte at a time', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.sendBytewise(frame(FrameType.SETTINGS, Flag.ACK, 0, Buffer.alloc(6)))
    })
    expectError(await fault.ask(), ProtocolError, /of a wrong length/)
    await fault.expectNextWorks(2)
    await fault.end()
  })
})

describe('a peer is recognised as no HTTP/2 server when it begins with', () => {
  test.each<[string, Buffer, RegExp]>([
    ['the acknowledgement of SETTINGS', settingsAck(), /not speak HTTP\/2/],
    ['another frame', windowUpdate(0, 1), /not speak HTTP\/2/],
    ['SETTINGS on a stream', frame(FrameType.SETTINGS, 0, 3), /not speak HTTP\/2/],
    ['HTTP/1.1', Buffer.from('HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n'), /speaks HTTP\/1/],
    ['a TLS alert', Buffer.from('15030300020232', 'hex'), /speaks TLS/],
    ['noise', Buffer.alloc(64, 0xd7), /not speak HTTP\/2/],
  ])('%s', async (_, bytes, says) => {
    const fault = await Fault.play((connection) => {
      connection.send(bytes)
      connection.socket.end()
    })
    const [first, second] = await Promise.all([fault.ask(), fault.ask()])
    expect(first.error?.message).toMatch(says)
    expect(first.error?.code).toMatch(/^(PROTOCOL|CONNECTION_LOST)$/)
    expect(second.error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: true })
    expect(second.error?.message).toMatch(says)
    await fault.expectNextWorks(2)
    await fault.end()
  })
})
