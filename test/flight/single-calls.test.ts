import { afterEach, describe, expect, it } from 'vitest'
import { PutResult } from '../../src/flight/messages.generated.ts'
import { encode } from '../../src/flight/protobuf.ts'
import { connect } from '../../src/index.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { flightServer } from '../support/flight-server.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

describe.each(['native', 'grpc-js'] as const)('a single call over %s that its caller spoils', (transport) => {
  /** A client with a query under way, which the spoilt call must leave alone. */
  async function start() {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = await flightServer({
      DoPut: async (call) => {
        await call.receiveAll()
        await call.send(encode(PutResult, {}))
      },
      DoGet: async (call) => {
        await call.receive()
        await call.send(schemaMessage(NUMBERS))
        await released
        await call.send(numbersMessage(1))
      },
    })
    const flightUrl = `grpc://127.0.0.1:${server.port}`
    const spice = await connect({
      flightUrl,
      server: 'spice',
      env: {},
      flight: { transport, connections: 1 },
    })
    open.push(
      () => server.kill(),
      () => spice.close(),
    )
    const rows = spice.query('SELECT n FROM t').rows()
    return { spice, rows, release }
  }

  const message = schemaMessage(NUMBERS)
  const onAnswer = () => {
    throw new Error('mine')
  }

  it.each([
    ['throwing when it is told of an answer', [message], { onAnswer }, { message: 'mine' }],
    ['giving messages that are no bytes', [message, 'x'], {}, { code: 'INVALID_PARAMETERS' }],
    ['giving no time', [message], { timeoutMs: NaN }, { code: 'INVALID_OPTIONS' }],
  ])('by %s ends alone', async (_how, messages, options, expected) => {
    const { spice, rows, release } = await start()
    await expect(spice.flight.doPut(messages as Uint8Array[], options)).rejects.toMatchObject(expected)
    release()
    expect(await rows).toEqual([{ n: 1n }])
  })
})
