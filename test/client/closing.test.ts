import { afterEach, describe, expect, it } from 'vitest'
import type { StatementSource } from '../../src/client/result.ts'
import { ConnectionError } from '../../src/errors.ts'
import { packAny, unpackAny } from '../../src/flight/any.ts'
import {
  Action,
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  FlightInfo,
  Result,
} from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import { connect } from '../../src/index.ts'
import { RetryingSource } from '../../src/resilience/retrying-source.ts'
import { collectRows } from '../support/collect-rows.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { flightServer } from '../support/flight-server.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A server that keeps prepared statements, and whose every result waits for `release`. */
async function start(transport: 'native' | 'grpc-js') {
  const prepared = new Set<string>()
  let started = () => {}
  let release = () => {}
  const running = new Promise<void>((resolve) => {
    started = resolve
  })
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const server = await flightServer({
    GetFlightInfo: async (call) => {
      await call.receive()
      await call.send(encode(FlightInfo, { endpoint: [{ ticket: { ticket: Uint8Array.of(1) } }] }))
    },
    DoAction: async (call) => {
      const { type, body } = decode(Action, (await call.receive())!)
      if (type === 'ClosePreparedStatement') {
        const { preparedStatementHandle } = unpackAny(ActionClosePreparedStatementRequest, body)
        prepared.delete(Buffer.from(preparedStatementHandle).toString())
        return
      }
      const handle = `handle ${server.calls.length}`
      prepared.add(handle)
      const result = { preparedStatementHandle: Buffer.from(handle) }
      await call.send(encode(Result, { body: packAny(ActionCreatePreparedStatementResult, result) }))
    },
    DoPut: async (call) => {
      await call.receiveAll()
    },
    DoGet: async (call) => {
      await call.receive()
      await call.send(schemaMessage(NUMBERS))
      started()
      await Promise.race([released, call.cancelled])
      await call.send(numbersMessage(1))
    },
  })
  const flightUrl = `grpc://127.0.0.1:${server.port}`
  const spice = await connect({ flightUrl, server: 'flight-sql', env: {}, flight: { transport } })
  open.push(
    () => server.kill(),
    () => spice.close(),
  )
  return { server, spice, prepared, running, release }
}

describe.each(['native', 'grpc-js'] as const)(
  'closing a client with queries under way over %s',
  (transport) => {
    it('ends them and leaves no prepared statement at the server', async () => {
      const { spice, prepared, running } = await start(transport)
      const rows = spice.query('SELECT n FROM t WHERE a = ?', [1]).rows()
      const outcome = rows.catch((reason) => reason)
      await running
      expect(prepared.size).toBe(1)
      await spice.close()
      expect(await outcome).toMatchObject({ code: 'CLOSED', unprocessed: false })
      expect(prepared.size).toBe(0)
    })

    it('lets them finish in the time they are given, and begins no other', async () => {
      const { spice, server, prepared, running, release } = await start(transport)
      const rows = spice.query('SELECT n FROM t WHERE a = ?', [1]).rows()
      await running
      const closed = spice.close(20_000)
      await expect(spice.query('SELECT 2').rows()).rejects.toMatchObject({ code: 'CLOSED' })
      release()
      expect(await rows).toEqual([{ n: 1n }])
      await closed
      expect(prepared.size).toBe(0)
      expect(server.count('DoGet')).toBe(1)
    })
  },
)

describe('closing a source that waits for its next attempt', () => {
  it('ends the wait', async () => {
    const source: StatementSource = {
      transport: 'flight',
      execute(_, sink) {
        const error = new ConnectionError('CONNECTION_FAILED', 'refused', { unprocessed: true })
        queueMicrotask(() => sink.onEnd(error, { warnings: [], roundTrips: 1 }))
        return { pause() {}, resume() {}, cancel() {} }
      },
      close: async () => {},
    }
    const retrying = new RetryingSource(source, 100, () => true)
    const outcome = collectRows(retrying, 'SELECT 1')
    await new Promise((resolve) => setImmediate(resolve))
    expect(retrying.waiting.size).toBe(1)
    await retrying.close()
    expect(retrying.waiting.size).toBe(0)
    expect((await outcome).error).toMatchObject({ code: 'CLOSED' })
    expect((await collectRows(retrying, 'SELECT 1')).error).toMatchObject({ code: 'CONNECTION_FAILED' })
  })
})
