import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { datasetPath } from '../../src/client/dataset-schema.ts'
import { connect, type SidecarClient } from '../../src/index.ts'
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

const rows = [{ id: 1 }, { id: 2 }]

describe('write options', () => {
  it.each([
    { batchRows: 0 },
    { batchRows: -1 },
    { batchRows: 1.5 },
    { batchRows: NaN },
    { timeoutMs: 0 },
    { timeoutMs: NaN },
    { timeoutMs: 2 ** 40 },
    { idleMs: 0 },
    { idleMs: Infinity },
    { signal: 'stop' },
    { batchrows: 5 },
  ])('%o are refused', async (options) => {
    await expect(spice.write('t', rows, options as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })
})

describe('the name of a dataset', () => {
  it.each(['', '.', 'a.', '.a', 'a..b', '"a', 'a"b"', '""', 5, null, undefined])(
    'is not %o',
    async (name) => {
      await expect(spice.write(name as string, rows)).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' })
    },
  )

  it.each([
    ['trades', ['trades']],
    ['finance.trades', ['finance', 'trades']],
    ['finance."my ""trades"".x"', ['finance', 'my "trades".x']],
    ['my trades', ['my trades']],
  ])('%s has its parts', (name, parts) => {
    expect(datasetPath(name)).toEqual(parts)
  })
})

it('nothing of it was sent', () => {
  expect(server.calls).toEqual([])
})
