import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { encodeDictionaryBatches, encodeRecordBatch, encodeSchema } from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA, type Schema } from '../../src/arrow/schema.ts'
import { encodeFlightData } from '../../src/flight/flight-data.ts'
import { FlightInfo, Ticket } from '../../src/flight/messages.generated.ts'
import { decode, encode, type MessageInit } from '../../src/flight/protobuf.ts'
import { connect } from '../../src/index.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { flightServer } from '../support/flight-server.ts'

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A server whose every statement has the plan given, and whose tickets name a stream of messages. */
async function serverOf(
  streams: Record<string, Uint8Array[]>,
  endpoint: MessageInit<FlightInfo>['endpoint'],
) {
  const plan = { endpoint }
  const server = await flightServer({
    GetFlightInfo: async (call) => {
      await call.receive()
      await call.send(encode(FlightInfo, plan))
    },
    DoGet: async (call) => {
      const { ticket } = decode(Ticket, (await call.receive())!)
      for (const message of streams[Buffer.from(ticket).toString()]) await call.send(message)
    },
  })
  open.push(() => server.kill())
  return { server, plan }
}

async function clientOf(port: number, transport: 'native' | 'grpc-js') {
  const flightUrl = `grpc://127.0.0.1:${port}`
  const spice = await connect({ flightUrl, server: 'flight-sql', retries: 0, env: {}, flight: { transport } })
  open.push(() => spice.close())
  return spice
}

const ticket = (name: string) => ({ ticket: Buffer.from(name) })

/** A stream of one text column in dictionary encoding. */
function dictionaryStream(id: bigint, nullable: boolean, ...values: string[]): Uint8Array[] {
  const index = { kind: 'int', bitWidth: 32, signed: true } as const
  const type = { kind: 'dictionary', id, index, value: { kind: 'utf8' }, ordered: false } as const
  const schema: Schema = { fields: [field('s', type, nullable)], metadata: NO_METADATA }
  const columns = columnsFromRows(
    schema,
    values.map((s) => ({ s })),
  )
  return [
    encodeFlightData({ header: encodeSchema(schema) }),
    ...encodeDictionaryBatches(schema, columns).map(encodeFlightData),
    encodeFlightData(encodeRecordBatch(schema, values.length, columns)),
  ]
}

describe.each(['native', 'grpc-js'] as const)('the endpoints of one result over %s', (transport) => {
  it('may number their dictionaries differently and disagree on nulls', async () => {
    const streams = { a: dictionaryStream(7n, true, 'x', 'y', 'x'), b: dictionaryStream(9n, false, 'z', 'y') }
    const { server } = await serverOf(streams, [{ ticket: ticket('a') }, { ticket: ticket('b') }])
    const spice = await clientOf(server.port, transport)
    const values = ['x', 'y', 'x', 'z', 'y']
    expect(await spice.query('SELECT s FROM t')).toEqual(values.map((s) => ({ s })))
    const table = await spice.query('SELECT s FROM t').table()
    expect([...table.getChild('s')!]).toEqual(values)
  })

  it('are not fetched elsewhere once another of them has failed', async () => {
    const numbers = { n: [schemaMessage(NUMBERS), numbersMessage(1)] }
    const silent = createServer().listen(0, '127.0.0.1')
    open.push(() => silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    const gone = await flightServer({})
    gone.kill()
    const { server: elsewhere } = await serverOf(numbers, [])
    const at = (port: number) => ({ uri: `grpc://127.0.0.1:${port}` })
    const there = { ticket: ticket('n'), location: [at(elsewhere.port)] }
    const { server, plan } = await serverOf(numbers, [
      { ticket: ticket('n'), location: [at(gone.port)] },
      { ticket: ticket('n'), location: [at((silent.address() as { port: number }).port), ...there.location] },
    ])
    const spice = await clientOf(server.port, transport)
    await expect(spice.query('SELECT n FROM t').rows()).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
    plan.endpoint = [there]
    expect(await spice.query('SELECT n FROM t')).toEqual([{ n: 1n }])
    expect(elsewhere.count('DoGet')).toBe(1)
  })

  it('that cannot be reached are named, each with what was wrong', async () => {
    const gone = await Promise.all([flightServer({}), flightServer({})])
    for (const server of gone) server.kill()
    const location = gone.map(({ port }) => ({ uri: `grpc://127.0.0.1:${port}` }))
    const { server } = await serverOf({}, [{ ticket: ticket('n'), location }])
    const spice = await clientOf(server.port, transport)
    const error = await spice
      .query('SELECT n FROM t')
      .rows()
      .catch((reason) => reason)
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' })
    for (const text of ['says where the result lies', ...gone.map(({ port }) => `127.0.0.1:${port}`)]) {
      expect(error.message).toContain(text)
    }
  })
})
