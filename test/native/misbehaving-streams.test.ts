import { describe, expect, test } from 'vitest'
import { ProtocolError } from '../../src/errors.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { ErrorCode } from '../../src/transport/native/http2-error.ts'
import { RpcError } from '../../src/transport/rpc-error.ts'
import { text } from './collect.ts'
import { answerAll, expectError, Fault } from './fault.ts'
import {
  data,
  frame,
  goaway,
  headers,
  message,
  RESPONSE,
  reset,
  response,
  responseHeaders,
  trailers,
  windowUpdate,
} from './scripted-server.ts'

const MAX = 2 ** 31 - 1

describe('a fault of one stream leaves the others and the connection working:', () => {
  test.each<[string, Buffer[], RegExp, number]>([
    ['DATA before the headers', [data(1, message('x'))], /DATA before/, ErrorCode.PROTOCOL_ERROR],
    ['a window update of nothing', [windowUpdate(1, 0)], /of nothing/, ErrorCode.PROTOCOL_ERROR],
    [
      'a window beyond 2^31-1',
      [windowUpdate(1, MAX), windowUpdate(1, MAX)],
      /beyond 2\^31-1/,
      ErrorCode.FLOW_CONTROL_ERROR,
    ],
    [
      'more DATA than its window',
      [responseHeaders(1), data(1, Buffer.concat([Buffer.from([0, 0, 3, 0, 0]), Buffer.alloc(70_000)]))],
      /more than the window/,
      ErrorCode.FLOW_CONTROL_ERROR,
    ],
    [
      'padding counts towards the window',
      [
        responseHeaders(1),
        ...Array.from({ length: 300 }, () => frame(FrameType.DATA, Flag.PADDED, 1, Buffer.alloc(256, 255))),
      ],
      /^$/,
      -1,
    ],
    [
      'upper-case field names',
      [headers(1, [...RESPONSE, ['X', 'y']])],
      /malformed/,
      ErrorCode.PROTOCOL_ERROR,
    ],
    [
      'line feeds in a value',
      [headers(1, [...RESPONSE, ['x', 'a\nb']])],
      /malformed/,
      ErrorCode.PROTOCOL_ERROR,
    ],
    [
      'a second :status',
      [headers(1, [...RESPONSE, [':status', '200']])],
      /malformed/,
      ErrorCode.PROTOCOL_ERROR,
    ],
    [
      'a field of requests',
      [headers(1, [[':path', '/'], ...RESPONSE])],
      /malformed/,
      ErrorCode.PROTOCOL_ERROR,
    ],
    ['headers three times', [responseHeaders(1), responseHeaders(1)], /middle of/, ErrorCode.PROTOCOL_ERROR],
    ['no :status', [headers(1, [['a', 'b']])], /:status/, ErrorCode.PROTOCOL_ERROR],
    ['switching protocols', [headers(1, [[':status', '101']])], /informational/, ErrorCode.PROTOCOL_ERROR],
    [
      'informational responses without end',
      Array.from({ length: 1000 }, () => headers(1, [[':status', '100']])),
      /informational responses/,
      ErrorCode.PROTOCOL_ERROR,
    ],
    [
      'a compressed message without an encoding',
      [responseHeaders(1), data(1, message('x', true))],
      /compressed/,
      ErrorCode.CANCEL,
    ],
    [
      'message flags nobody defined',
      [responseHeaders(1), data(1, Buffer.from([2, 0, 0, 0, 0]))],
      /flags 0x2/,
      ErrorCode.CANCEL,
    ],
  ])('%s', async (_, sends, says, code) => {
    const fault = await Fault.play(
      async (connection) => {
        connection.greet()
        await connection.request()
        await connection.request()
        connection.send(...sends)
        if (code < 0) connection.send(trailers(1))
        else {
          const sent = await connection.nextOf(FrameType.RST_STREAM)
          expect([sent?.streamId, sent?.payload.readUInt32BE()]).toEqual([1, code])
        }
        // What was on its way when the stream was reset is not held against the connection.
        connection.send(data(1, message('late')), trailers(1), reset(1, ErrorCode.CANCEL), windowUpdate(1, 5))
        connection.send(response(3, 'fine'))
        await answerAll(connection)
      },
      { streamWindowBytes: 65_536 },
    )
    await fault.transport.connect()
    const [faulty, other] = await Promise.all([fault.ask(), fault.ask()])
    if (code < 0) expect(faulty.error).toBeNull()
    else expectError(faulty, ProtocolError, says)
    expect(other.error).toBeNull()
    expect(other.messages.map(text)).toEqual(['fine'])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test('DATA and a second answer after END_STREAM', async () => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(response(1, 'first'), data(1, message('second')), response(1, 'third'))
      connection.send(response(3, 'fine'))
      await answerAll(connection)
    })
    await fault.transport.connect()
    const outcomes = await Promise.all([fault.ask(), fault.ask()])
    expect(outcomes.map(({ messages }) => messages.map(text))).toEqual([['first'], ['fine']])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test.each([
    [ErrorCode.REFUSED_STREAM, 'UNAVAILABLE', true],
    [ErrorCode.NO_ERROR, 'INTERNAL', false],
    [ErrorCode.FLOW_CONTROL_ERROR, 'INTERNAL', false],
    [ErrorCode.INADEQUATE_SECURITY, 'PERMISSION_DENIED', false],
    [0xffff_ffff, 'UNKNOWN', false],
  ])('RST_STREAM with code %i', async (code, status, unprocessed) => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      await connection.request()
      connection.send(reset(1, code), response(3, 'fine'))
      await answerAll(connection)
    })
    await fault.transport.connect()
    const [refused, other] = await Promise.all([fault.ask(), fault.ask()])
    expect(refused.error).toBeInstanceOf(RpcError)
    expect(refused.error).toMatchObject({ status, unprocessed })
    expect(other.messages.map(text)).toEqual(['fine'])
    await fault.expectNextWorks(1)
    await fault.end()
  })

  test.each([
    ['RST_STREAM REFUSED_STREAM', [reset(1, ErrorCode.REFUSED_STREAM)]],
    ['GOAWAY 0', [goaway(0, ErrorCode.NO_ERROR)]],
  ])('an answer begun and then refused by %s was not unprocessed', async (_, refusal) => {
    const fault = await Fault.play(async (connection) => {
      connection.greet()
      await connection.request()
      connection.send(responseHeaders(1), ...refusal)
      await answerAll(connection)
    })
    const { error, headers: begun } = await fault.ask()
    expect(begun).toBeDefined()
    expect(error).toMatchObject({ unprocessed: false })
    await fault.end()
  })
})
