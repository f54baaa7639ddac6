import { describe, expect, it } from 'vitest'
import { unpackAny } from '../../src/flight/any.ts'
import type { FlightSourceOptions } from '../../src/flight/flight-source.ts'
import { CommandStatementQuery, Ticket } from '../../src/flight/messages.generated.ts'
import { decode } from '../../src/flight/protobuf.ts'
import { collectRows } from '../support/collect-rows.ts'
import { NUMBERS, schemaMessage } from '../support/flight-batches.ts'
import { Refusal } from '../support/flight-server.ts'
import { startFlightSql } from './scripted-flight-sql.ts'

describe.each(['native', 'grpc-js'] as const)('statements with server: auto over %s', (transport) => {
  const start = (options?: Partial<FlightSourceOptions>) => startFlightSql(transport, options)

  it('ask the server once who it is, however many wait', async () => {
    const { scripted, server, source } = await start({ server: 'auto' })
    scripted.name = 'Some other engine'
    const results = await Promise.all([1, 2, 3].map(() => collectRows(source, 'SELECT 1')))
    expect(results.map((result) => result.error)).toEqual([null, null, null])
    expect(source.server).toBe('flight-sql')
    expect(server.count('GetFlightInfo')).toBe(1 + 3)
  })

  it('take the one-call path when it is Spice', async () => {
    const { scripted, server, source } = await start({ server: 'auto' })
    scripted.name = 'Spice.ai'
    expect(await source.connect()).toBe('spice')
    server.reset()
    server.script.DoGet = async (call) => {
      const { query } = unpackAny(CommandStatementQuery, decode(Ticket, (await call.receive())!).ticket)
      expect(query).toBe('SELECT 1')
      await call.send(schemaMessage(NUMBERS))
    }
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    expect(server.calls).toEqual(['DoGet'])
  })

  it('keep to the standard when it does not say', async () => {
    const { source } = await start({ server: 'auto' })
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    expect(source.server).toBe('flight-sql')
  })

  it.each(['PERMISSION_DENIED', 'FAILED_PRECONDITION', 'OUT_OF_RANGE', 'ABORTED', 'INTERNAL'] as const)(
    'keep to the standard when it answers %s',
    async (status) => {
      const { server, source } = await start({ server: 'auto' })
      const answer = server.script.GetFlightInfo!
      server.script.GetFlightInfo = () => {
        server.script.GetFlightInfo = answer
        throw new Refusal(status, 'not for you')
      }
      expect(await source.connect()).toBe('flight-sql')
    },
  )

  it('fail when it refuses the key, and ask again next time', async () => {
    const { scripted, server, source } = await start({ server: 'auto', apiKey: 'wrong' })
    const answer = server.script.GetFlightInfo
    server.script.GetFlightInfo = () => {
      throw new Refusal('UNAUTHENTICATED', 'Invalid credentials')
    }
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({ code: 'UNAUTHENTICATED' })
    server.script.GetFlightInfo = answer
    scripted.name = 'other'
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
  })

  it('stay within deadline and signal while the server keeps silent', async () => {
    const { server, source } = await start({ server: 'auto' })
    server.script.GetFlightInfo = (call) => call.cancelled
    const late = await collectRows(source, 'SELECT 1', { deadline: performance.now() + 50, timeoutMs: 50 })
    expect(late.error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 50, unprocessed: true })
    const controller = new AbortController()
    const aborted = collectRows(source, 'SELECT 1', { signal: controller.signal })
    controller.abort()
    expect((await aborted).error).toMatchObject({ code: 'ABORTED' })
  })
})
