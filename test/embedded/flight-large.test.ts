import { afterAll, beforeAll, expect, it } from 'vitest'
import { StreamDecoder } from '../../src/arrow/stream-decoder.ts'
import { parseFlightData } from '../../src/flight/flight-data.ts'
import { Ticket } from '../../src/flight/messages.generated.ts'
import { encode } from '../../src/flight/protobuf.ts'
import { RawFlightClient } from '../support/raw-flight-client.ts'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

let runtime: SpawnedRuntime
let client: RawFlightClient
beforeAll(async () => {
  const flights = { from: `file:${dataFile('flights-3m.parquet')}`, name: 'flights' }
  runtime = await spawnRuntime({ spicepod: { datasets: [flights] } })
  client = new RawFlightClient(runtime.flight)
})
afterAll(async () => {
  client?.close()
  await runtime?.stop()
})

it('streams three million real rows in batches of 8192, none lost', async () => {
  const call = client.serverStream('DoGet', encode(Ticket, { ticket: Buffer.from('SELECT * FROM flights') }))
  const decoder = new StreamDecoder()
  const sizes = new Map<number, number>()
  let rows = 0
  for await (const message of call) {
    const { header, body } = parseFlightData(message)
    const batch = decoder.push(header, body)
    if (batch === null) continue
    rows += batch.rowCount
    sizes.set(batch.rowCount, (sizes.get(batch.rowCount) ?? 0) + 1)
  }
  expect(rows).toBe(3_000_000)
  expect([...sizes]).toEqual([
    [8192, 366],
    [3_000_000 % 8192, 1],
  ])
})
