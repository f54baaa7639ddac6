import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type SidecarClient, sql } from '../../src/index.ts'
import { type FlightServer, flightServer } from '../support/flight-server.ts'

/** A server that must never be asked: everything here is wrong before anything is sent. */
let server: FlightServer
let spice: SidecarClient
beforeAll(async () => {
  server = await flightServer({})
  spice = await connect({ flightUrl: `grpc://127.0.0.1:${server.port}`, server: 'spice', env: {} })
})
afterAll(async () => {
  await spice?.close()
  server?.kill()
})

const attempt = async (start: () => PromiseLike<unknown>) => {
  try {
    return await start()
  } catch (error) {
    return error
  }
}

describe('parameters that are neither an array nor an object of names', () => {
  it.each([
    [5],
    ['BTC'],
    [''],
    [null],
    [new Map([['a', 1]])],
    [new Set([1])],
    [new Date(0)],
    [new Uint8Array(2)],
    [new Float64Array(2)],
    [Symbol('s')],
    [() => [1]],
  ])('are refused: %o', async (parameters) => {
    for (const start of [
      () => spice.query('SELECT $1, $a', parameters as never),
      () => spice.execute('DELETE FROM t WHERE a = $1', parameters as never),
    ]) {
      expect(await attempt(start)).toMatchObject({ code: 'INVALID_PARAMETERS' })
    }
  })

  it('as are the options of a query in their place', async () => {
    expect(await attempt(() => spice.query('SELECT 1', { timeoutMs: 5 }))).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('timeoutMs'),
    })
  })
})

describe('text that UTF-8 cannot express', () => {
  it.each([
    ['in a statement', () => spice.query("SELECT '\ud83d'")],
    ['in an identifier', () => spice.query(sql`SELECT ${sql.id('\udc00')}`)],
    ['in a parameter', () => spice.query('SELECT $1', ['\ud83d'])],
  ])('is refused %s', async (_where, start) => {
    expect(await attempt(start)).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('surrogate'),
    })
  })
})

describe('options that are no object', () => {
  it.each([[null], [5], ['timeoutMs']])('are refused: %o', async (options) => {
    for (const start of [
      () => spice.query('SELECT 1', [], options as never),
      () => spice.execute('DELETE FROM t', [], options as never),
    ]) {
      expect(await attempt(start)).toMatchObject({ code: 'INVALID_OPTIONS' })
    }
  })
})

it('nothing of it was sent', () => {
  expect(server.calls).toEqual([])
})
