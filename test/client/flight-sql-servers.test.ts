import { Metadata } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { FlightInfo } from '../../src/flight/messages.generated.ts'
import { encode } from '../../src/flight/protobuf.ts'
import { connect } from '../../src/index.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { type FlightServer, flightServer, Refusal, type ServerCall } from '../support/flight-server.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A Flight SQL server of one row, which `admit` may refuse to answer. */
async function listen(admit: (call: ServerCall) => void): Promise<FlightServer> {
  const server = await flightServer({
    GetFlightInfo: async (call) => {
      admit(call)
      await call.receive()
      await call.send(encode(FlightInfo, { endpoint: [{ ticket: { ticket: Uint8Array.of(1) } }] }))
    },
    DoGet: async (call) => {
      admit(call)
      await call.receive()
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(1))
    },
  })
  open.push(() => server.kill())
  return server
}

describe('a Flight SQL server', () => {
  it('gets the headers of connect() with every call', async () => {
    const server = await listen((call) => {
      const [tenant] = call.metadata.get('x-tenant')
      if (tenant !== 'a') throw new Refusal('UNAUTHENTICATED', 'whose data?')
    })
    const headers = { 'x-tenant': 'a' }
    const spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, headers, env: {} })
    open.push(() => spice.close())
    expect(await spice.query('SELECT n FROM t')).toEqual([{ n: 1n }])
    expect(await spice.flight.getCatalogs()).toEqual([{ n: 1n }])
    await expect(spice.query('SELECT 1', [], { headers: { 'x-tenant': 'b' } })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  it('that wants a name and a password is logged into, again when the token has run out', async () => {
    let token = 0
    let handshakes = 0
    const server = await listen((call) => {
      const [authorization] = call.metadata.get('authorization')
      if (authorization !== `Bearer ${token}`) throw new Refusal('UNAUTHENTICATED', 'Invalid token')
    })
    server.script.Handshake = async (call) => {
      await call.receive()
      const [authorization] = call.metadata.get('authorization')
      if (authorization !== `Basic ${btoa('ann:sesame')}`) throw new Refusal('UNAUTHENTICATED', 'who?')
      handshakes++
      const headers = new Metadata()
      headers.set('authorization', `Bearer ${++token}`)
      call.sendHeaders(headers)
    }
    const flightUrl = `grpc://127.0.0.1:${server.port}`
    const login = { username: 'ann', password: 'sesame' }
    await expect(
      connect({ flightUrl, flight: { login: { ...login, password: 'x' } }, env: {} }),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const spice = await connect({ flightUrl, flight: { login }, env: {} })
    open.push(() => spice.close())
    expect(await spice.query('SELECT n FROM t')).toEqual([{ n: 1n }])
    expect(handshakes).toBe(1)
    token++
    expect(await spice.query('SELECT n FROM t')).toEqual([{ n: 1n }])
    token++
    await expect(spice.flight.getCatalogs()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await spice.flight.getCatalogs()).toEqual([{ n: 1n }])
    expect(handshakes).toBe(3)
  })

  it('that is not up yet is waited for as long as startTimeoutMs says', async () => {
    let refusals = 3
    const server = await listen(() => {
      if (refusals-- > 0) throw new Refusal('UNAVAILABLE', 'still starting')
    })
    const flightUrl = `grpc://127.0.0.1:${server.port}`
    await expect(connect({ flightUrl, env: {} })).rejects.toMatchObject({
      code: 'RUNTIME_NOT_FOUND',
      message: expect.stringContaining('still starting'),
    })
    const spice = await connect({ flightUrl, startTimeoutMs: 10_000, env: {} })
    open.push(() => spice.close())
    expect(await spice.query('SELECT n FROM t')).toEqual([{ n: 1n }])
  })
})

describe('a failure that the runtime marks as passing', () => {
  async function failing(status: 'INVALID_ARGUMENT' | 'UNAVAILABLE' | 'RESOURCE_EXHAUSTED', mark: boolean) {
    let failures = 2
    const server = await flightServer({
      DoGet: async (call) => {
        await call.receive()
        const trailers = new Metadata()
        if (mark) trailers.set('spiceai-retryable', '1')
        if (failures-- > 0) throw new Refusal(status, 'upstream connection reset', trailers)
        await call.send(schemaMessage(NUMBERS))
        await call.send(numbersMessage(1))
      },
    })
    const spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, server: 'spice', env: {} })
    open.push(
      () => server.kill(),
      () => spice.close(),
    )
    return { server, spice }
  }

  it.each([
    ['INVALID_ARGUMENT', true],
    ['UNAVAILABLE', false],
  ] as const)('repeats a read: %s, marked %s', async (status, mark) => {
    const { server, spice } = await failing(status, mark)
    const query = spice.query('SELECT n FROM t')
    expect(await query).toEqual([{ n: 1n }])
    expect([server.count('DoGet'), query.info?.roundTrips]).toEqual([3, 3])
  })

  it.each([
    ['INVALID_ARGUMENT', true],
    ['UNAVAILABLE', false],
  ] as const)('repeats no write: %s, marked %s', async (status, mark) => {
    const { server, spice } = await failing(status, mark)
    await expect(spice.query('DELETE FROM t')).rejects.toMatchObject({ status, transient: true })
    await expect(spice.execute('DELETE FROM t')).rejects.toMatchObject({ status, transient: true })
    expect(server.count('DoGet')).toBe(2)
  })

  it.each(['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED'] as const)('is none: %s', async (status) => {
    const { server, spice } = await failing(status, false)
    await expect(spice.query('SELECT n FROM t')).rejects.toMatchObject({ status, transient: false })
    expect(server.count('DoGet')).toBe(1)
  })
})
