import { status } from '@grpc/grpc-js'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authenticator } from '../../src/embedded/authenticator.ts'
import { CONTRACTS } from '../../src/embedded/contract.ts'
import { Engine } from '../../src/embedded/engine/engine.ts'
import { startFlightServer } from '../../src/embedded/flight/flight-server.ts'
import { ResultsCache } from '../../src/embedded/results-cache.ts'
import type { Listener, RuntimeContext } from '../../src/embedded/runtime-context.ts'
import { packAny } from '../../src/flight/any.ts'
import { CommandStatementQuery, DescriptorType } from '../../src/flight/messages.generated.ts'
import { RawFlightClient, rpcErrorOf } from '../support/raw-flight-client.ts'

let listener: Listener
let client: RawFlightClient
beforeAll(async () => {
  const engine = await Engine.open({ threads: 2, maxConcurrentQueries: 3, maxWaitingQueries: 100 })
  const context = {
    engine,
    authenticator: new Authenticator(null),
    resultsCache: new ResultsCache({ enabled: false, ttlMs: 1, maxBytes: 1 }),
    contract: CONTRACTS.latest,
    shuttingDown: new AbortController().signal,
  } as RuntimeContext
  listener = await startFlightServer(context, { host: '127.0.0.1', port: 0 })
  client = new RawFlightClient(listener.address)
})
afterAll(async () => {
  client.close()
  await listener.close(1000)
})

const SQL = `SELECT i, 'row ' || i AS text FROM range(20000) AS t(i)`

describe('DoGet', () => {
  it('sends the schema, then one message per batch of 8192 rows', async () => {
    const { messages } = await client.doGet(SQL)
    expect(messages.map((message) => message.body.length > 0)).toEqual([false, true, true, true])
  })

  it('takes SQL as text and as a Flight SQL command', async () => {
    const command = packAny(CommandStatementQuery, { query: SQL })
    const [asText, asCommand] = [await client.table(SQL), await client.table(command)]
    expect(asText.numRows).toBe(20000)
    expect(asText.get(19999)!.toJSON()).toEqual({ i: 19999n, text: 'row 19999' })
    expect(asCommand.get(19999)!.toJSON()).toEqual(asText.get(19999)!.toJSON())
  })

  it('sends only the schema when there are no rows', async () => {
    const { messages } = await client.doGet('SELECT 1 AS a WHERE false')
    expect(messages).toHaveLength(1)
  })

  it('answers INVALID_ARGUMENT for SQL that does not parse', async () => {
    expect((await rpcErrorOf(client.doGet('SELEC 1'))).code).toBe(status.INVALID_ARGUMENT)
  })
})

describe('GetFlightInfo', () => {
  it('plans the statement and gives one endpoint without a location, whose ticket runs it', async () => {
    const info = await client.flightInfo({ type: DescriptorType.CMD, cmd: Buffer.from(SQL) })
    expect(info.endpoint).toHaveLength(1)
    expect(info.endpoint[0].location).toEqual([])
    expect(tableFromIPC(info.schema).schema.fields.map((field) => `${field.name} ${field.type}`)).toEqual([
      'i Int64',
      'text Utf8',
    ])
    expect((await client.table(info.endpoint[0].ticket!.ticket)).numRows).toBe(20000)
  })
})
