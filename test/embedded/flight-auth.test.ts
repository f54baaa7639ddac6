import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAny } from '../../src/flight/any.ts'
import { CommandStatementQuery, HandshakeResponse } from '../../src/flight/messages.generated.ts'
import { decode } from '../../src/flight/protobuf.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'
import { RawFlightClient, rpcErrorOf } from '../support/raw-flight-client.ts'

const READER = 'reader-key'
const WRITER = 'writer-key'
const clients: RawFlightClient[] = []
let runtime: FlightRuntime
let openRuntime: FlightRuntime
beforeAll(async () => {
  ;[runtime, openRuntime] = await Promise.all([
    startFlightRuntime({ keys: [`${READER}:ro`, `${WRITER}:rw`] }),
    startFlightRuntime(),
  ])
})
afterAll(async () => {
  for (const client of clients) client.close()
  await Promise.all([runtime.close(), openRuntime.close()])
})

function clientWith(authorization?: string, at = runtime): RawFlightClient {
  const client = new RawFlightClient(at.address, authorization === undefined ? {} : { authorization })
  clients.push(client)
  return client
}

const basic = (user: string, key: string) => `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`

async function handshake(client: RawFlightClient): Promise<{ payload: string; metadata: Metadata }> {
  const call = client.duplex('Handshake')
  let metadata = new Metadata()
  call.on('metadata', (received: Metadata) => {
    metadata = received
  })
  call.end()
  let payload = ''
  for await (const message of call) {
    payload += Buffer.from(decode(HandshakeResponse, message as Buffer).payload).toString()
  }
  return { payload, metadata }
}

describe('with keys', () => {
  it('accepts a key as bearer token', async () => {
    expect((await clientWith(`Bearer ${READER}`).table('SELECT 1')).numRows).toBe(1)
  })

  it.each([
    ['no header', undefined, 'Missing authorization header'],
    ['another scheme', `bearer ${READER}`, 'Invalid authorization header'],
    ['a wrong key', 'Bearer nobody', 'Invalid credentials'],
    ['a key with its suffix', `Bearer ${READER}:ro`, 'Invalid credentials'],
    ['a session nobody opened', 'Bearer 6f1c9c0e-8d5e-4b7f-9f0f-0d2f4f0d8a11', 'Invalid credentials'],
  ])('answers UNAUTHENTICATED for %s', async (_, authorization, details) => {
    const client = clientWith(authorization)
    for (const work of [
      () => client.doGet('SELECT 1'),
      () => client.flightInfo({ type: 2, cmd: Buffer.from('SELECT 1') }),
      () => client.action('ClosePreparedStatement', new Uint8Array(0)),
      () => client.doPut([]),
    ]) {
      const error = await rpcErrorOf(work())
      expect([error.code, error.details]).toEqual([status.UNAUTHENTICATED, details])
    }
  })

  it('opens a session for a key given as password, whoever the user', async () => {
    const { payload, metadata } = await handshake(clientWith(basic('', WRITER)))
    expect(metadata.get('x-session-id')).toEqual([payload])
    expect(metadata.get('authorization')).toEqual([`Bearer ${payload}`])
    const session = clientWith(`Bearer ${payload}`)
    expect((await session.table(`INSERT INTO journal VALUES (7, 'by session', 1)`)).get(0)!.count).toBe(1n)
  })

  it('refuses a handshake without a key, or with a wrong one', async () => {
    expect((await rpcErrorOf(handshake(clientWith()))).code).toBe(status.UNAUTHENTICATED)
    expect((await rpcErrorOf(handshake(clientWith(basic('user', 'nobody'))))).code).toBe(
      status.UNAUTHENTICATED,
    )
  })

  it('lets a read-only key read and not write', async () => {
    const reader = clientWith(`Bearer ${READER}`)
    expect((await reader.table('SELECT * FROM journal')).numRows).toBeGreaterThan(0)
    const write = packAny(CommandStatementQuery, { query: 'DELETE FROM journal' })
    for (const ticket of ['DELETE FROM journal', write]) {
      const error = await rpcErrorOf(reader.doGet(ticket))
      expect(error.code).toBe(status.PERMISSION_DENIED)
      expect(error.details).toMatch(/^Write access denied\. /)
    }
  })
})

describe('without keys', () => {
  it('ignores credentials and answers a handshake without a token', async () => {
    const { payload, metadata } = await handshake(clientWith(basic('any', 'thing'), openRuntime))
    expect(payload).toMatch(/^[0-9a-f-]{36}$/)
    expect(metadata.get('x-session-id')).toEqual([payload])
    expect(metadata.get('authorization')).toEqual([])
    expect((await clientWith('Bearer whatever', openRuntime).table('SELECT 1')).numRows).toBe(1)
  })
})
