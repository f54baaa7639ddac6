import { describe, expect, it } from 'vitest'
import { AbortError, ConnectionError } from '../../src/errors.ts'
import type { FlightSourceOptions } from '../../src/flight/flight-source.ts'
import { Ticket } from '../../src/flight/messages.generated.ts'
import { decode } from '../../src/flight/protobuf.ts'
import { RetryingSource } from '../../src/resilience/retrying-source.ts'
import { isReadOnly } from '../../src/sql/classify.ts'
import { collectRows } from '../support/collect-rows.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { flightServer, Refusal } from '../support/flight-server.ts'
import { untilStill } from '../support/until-still.ts'
import { listen, ScriptedServer, startFlightSql, ticket } from './scripted-flight-sql.ts'

describe.each(['native', 'grpc-js'] as const)(
  'statements whose result is at several endpoints over %s',
  (transport) => {
    const start = (options?: Partial<FlightSourceOptions>) => startFlightSql(transport, options)

    it('read many endpoints in order, a few at a time', async () => {
      const { scripted, server, source } = await start({ endpointConcurrency: 3 })
      const count = 9
      scripted.plan = () => ({
        endpoint: Array.from({ length: count }, (_, i) => ({ ticket: ticket(String(i * 10)) })),
      })
      let most = 0
      const answer = server.script.DoGet!
      server.script.DoGet = async (call) => {
        most = Math.max(most, server.open)
        const request = await call.receive()
        const index = Number(Buffer.from(decode(Ticket, request!).ticket)) / 10
        // Those to be read first answer last.
        await new Promise((resolve) => setTimeout(resolve, index % 3 === 0 ? 30 : 1))
        await answer(Object.assign(call, { receive: async () => request }))
      }
      const { rows, error, info } = await collectRows(source, 'SELECT n FROM t')
      expect(error).toBeNull()
      expect(rows.map((row) => row.n)).toEqual(
        Array.from({ length: count }, (_, i) => [BigInt(i * 10), BigInt(i * 10 + 1)]).flat(),
      )
      expect(info.roundTrips).toBe(1 + count)
      expect(most).toBeGreaterThan(1)
      expect(most).toBeLessThanOrEqual(3)
    })

    it('end as a whole when one endpoint fails or has another schema', async () => {
      const { scripted, server, source } = await start()
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('10') }] })
      const answer = server.script.DoGet!
      server.script.DoGet = async (call) => {
        const request = await call.receive()
        if (Buffer.from(decode(Ticket, request!).ticket).toString() === '10')
          throw new Refusal('ABORTED', 'gone')
        await answer(Object.assign(call, { receive: async () => request }))
      }
      expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ status: 'ABORTED' })
      scripted.name = 'x'
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('name') }] })
      server.script.DoGet = answer
      expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'PROTOCOL' })
    })

    it('hold what is fetched ahead to its windows, and can be cancelled', async () => {
      const { scripted, server, source } = await start({ connection: { streamWindowBytes: 65_535 } })
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('0') }, { ticket: ticket('1') }] })
      const big = numbersMessage(...Array.from({ length: 10_000 }, (_, i) => i))
      const sent = [0, 0]
      const closed: Array<Promise<void>> = []
      server.script.DoGet = async (call) => {
        const index = Number(Buffer.from(decode(Ticket, (await call.receive())!).ticket))
        closed.push(call.cancelled)
        await call.send(schemaMessage(NUMBERS))
        if (index === 0) {
          await call.send(big)
          await call.cancelled
        }
        for (; sent[1] < 100; sent[1]++) await call.send(big)
      }
      const result = await collectRows(source, 'SELECT 1', {}, async (execution) => {
        expect(await untilStill(() => sent[1])).toBeLessThan(50)
        execution.cancel(new AbortError('by test'))
      })
      expect(result.error).toMatchObject({ message: 'by test' })
      await Promise.all(closed)
      expect(closed).toHaveLength(2)
    })
  },
)

describe.each(['native', 'grpc-js'] as const)(
  'statements whose endpoints have locations over %s',
  (transport) => {
    const start = (options?: Partial<FlightSourceOptions>) => startFlightSql(transport, options)

    it('fetch each ticket where it lies', async () => {
      const { scripted, server, source } = await start()
      const elsewhere = await listen(new ScriptedServer())
      scripted.plan = () => ({
        endpoint: [
          { ticket: ticket('0'), location: [{ uri: 'arrow-flight-reuse-connection://?' }] },
          { ticket: ticket('10'), location: [{ uri: `grpc+tcp://127.0.0.1:${elsewhere.port}` }] },
          { ticket: ticket('20'), location: [{ uri: `grpc://127.0.0.1:${server.port}` }] },
          { ticket: ticket('30'), location: [] },
        ],
      })
      const { rows, error } = await collectRows(source, 'SELECT n FROM t')
      expect([error, rows.map((row) => row.n)]).toEqual([null, [0n, 1n, 10n, 11n, 20n, 21n, 30n, 31n]])
      expect([server.count('DoGet'), elsewhere.count('DoGet')]).toEqual([3, 1])
    })

    it('try the next place when one cannot be reached', async () => {
      const { scripted, source } = await start()
      const gone = await flightServer({})
      const { port } = gone
      gone.kill()
      const elsewhere = await listen(new ScriptedServer())
      const location = [
        { uri: `grpc://127.0.0.1:${port}` },
        { uri: 'https://storage.example/presigned?token=1' },
        { uri: `grpc://127.0.0.1:${elsewhere.port}` },
      ]
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location }] })
      const { rows, error } = await collectRows(source, 'SELECT n FROM t')
      expect([error, rows]).toEqual([null, [{ n: 5n }, { n: 6n }]])
      expect(elsewhere.count('DoGet')).toBe(1)
    })

    it('are planned once when they may write, though the ticket was never fetched', async () => {
      const { scripted, server, source } = await start()
      const gone = await flightServer({})
      gone.kill()
      const location = [{ uri: `grpc://127.0.0.1:${gone.port}` }]
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location }] })
      const retrying = new RetryingSource(source, 1, isReadOnly)
      // Planning may have been running it.
      const written = await collectRows(retrying, 'INSERT INTO t VALUES (1) RETURNING *')
      expect(written.error).toMatchObject({ code: 'CONNECTION_FAILED', unprocessed: false })
      expect(written.error).toBeInstanceOf(ConnectionError)
      expect(written.error?.stack).toContain('127.0.0.1')
      expect(server.count('GetFlightInfo')).toBe(1)
      server.reset()
      expect((await collectRows(retrying, 'SELECT n FROM t')).error).toMatchObject({
        code: 'CONNECTION_FAILED',
      })
      expect(server.count('GetFlightInfo')).toBe(2)
    })

    it('say so when none of the places can be used', async () => {
      const { scripted, source } = await start()
      scripted.plan = () => ({ endpoint: [{ ticket: ticket('5'), location: [{ uri: 's3://bucket/x' }] }] })
      const { error } = await collectRows(source, 'SELECT n FROM t')
      expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('s3://bucket/x') })
    })
  },
)
