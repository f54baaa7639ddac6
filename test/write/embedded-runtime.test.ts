import { Table, tableFromArrays, vectorFromArray } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AuthenticationError,
  connect,
  PermissionError,
  type SidecarClient,
  WriteError,
} from '../../src/index.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'

let runtime: FlightRuntime
let spice: SidecarClient

beforeAll(async () => {
  runtime = await startFlightRuntime({ keys: ['writer:rw', 'reader:ro'] })
  spice = await connectWith('writer')
})

afterAll(async () => {
  await spice?.close()
  await runtime?.close()
})

function connectWith(apiKey: string | undefined): Promise<SidecarClient> {
  return connect({
    httpUrl: runtime.httpUrl,
    flightUrl: `grpc://${runtime.address}`,
    apiKey,
    transport: 'flight',
  })
}

const count = async (where: string): Promise<bigint> =>
  (await spice.query<{ n: bigint }>(`SELECT count(*) AS n FROM journal WHERE ${where}`))[0].n

describe('rows written to a dataset', () => {
  it('can be read back', async () => {
    const rows = [
      { id: 10n, note: 'ten', amount: 0.1 },
      { id: 11, note: null, amount: -0 },
      { id: '12', amount: null },
    ]
    expect(await spice.write('journal', rows)).toEqual({ rows: 3, batches: 1 })
    expect(
      await spice.query('SELECT id, note, amount FROM journal WHERE id BETWEEN 10 AND 12 ORDER BY id'),
    ).toEqual([
      { id: 10n, note: 'ten', amount: 0.1 },
      { id: 11n, note: null, amount: -0 },
      { id: 12n, note: null, amount: null },
    ])
  })

  it('go in bounded batches', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ id: 100_000 + i, note: `row ${i}`, amount: i }))
    expect(await spice.write('journal', rows)).toEqual({ rows: 20_000, batches: 3 })
    expect(await count('id >= 100000 AND id < 200000')).toBe(20_000n)
    const large = Array.from({ length: 10 }, (_, i) => ({
      id: 200_000 + i,
      note: 'x'.repeat(1_000_000),
      amount: 0,
    }))
    expect(await spice.write('journal', large)).toMatchObject({ rows: 10, batches: 4 })
  })

  it('may come over time, one by one or in groups', async () => {
    async function* source() {
      yield { id: 300_000, note: 'a', amount: 1 }
      yield [
        { id: 300_001, note: 'b', amount: 2 },
        { id: 300_002, note: 'c', amount: 3 },
      ]
      yield []
    }
    expect(await spice.write('journal', source(), { batchRows: 2 })).toEqual({ rows: 3, batches: 2 })
    function* sync() {
      yield { id: 300_003, note: 'd', amount: 4 }
    }
    expect(await spice.write('journal', sync())).toEqual({ rows: 1, batches: 1 })
    expect(await count('id >= 300000')).toBe(4n)
  })

  it('may be an apache-arrow Table whose types differ from those of the dataset', async () => {
    const table = tableFromArrays({
      note: ['dictionary', 'encoded', 'dictionary'],
      amount: Float32Array.of(1, 2, 3),
      id: Int32Array.of(400_000, 400_001, 400_002),
    })
    expect(await spice.write('journal', table)).toEqual({ rows: 3, batches: 1 })
    expect(await spice.query('SELECT note FROM journal WHERE id >= 400000 ORDER BY id')).toEqual([
      { note: 'dictionary' },
      { note: 'encoded' },
      { note: 'dictionary' },
    ])
  })

  it('may be RecordBatches as they come', async () => {
    const { batches } = new Table({
      id: vectorFromArray([500_000n]),
      note: vectorFromArray(['x']),
      amount: vectorFromArray([1]),
    })
    expect(await spice.write('journal', batches)).toEqual({ rows: 1, batches: 1 })
  })

  it('go to a dataset in a schema of its own', async () => {
    expect(await spice.write('places.visited', [{ symbol: 'ADA', price: 0.5, size: 1 }])).toMatchObject({
      rows: 1,
    })
  })

  it('may be none', async () => {
    expect(await spice.write('journal', [])).toEqual({ rows: 0, batches: 0 })
  })
})

describe('rows that cannot be written', () => {
  it('are refused before anything is sent, wherever they stand in an array', async () => {
    const rows: Record<string, unknown>[] = Array.from({ length: 9000 }, (_, i) => ({
      id: 900_000 + i,
      note: '',
      amount: 0,
    }))
    rows[8500].amount = 'much'
    const calls = spice.flight.stats.calls
    await expect(spice.write('journal', rows)).rejects.toMatchObject({
      code: 'INVALID_ROW',
      row: 8500,
      column: 'amount',
    })
    expect(spice.flight.stats.calls - calls).toBeLessThanOrEqual(1)
    await expect(spice.write('journal', [{ id: 1, nota: 'x' }])).rejects.toMatchObject({
      code: 'INVALID_ROW',
      column: 'nota',
    })
    expect(await count('id >= 900000')).toBe(0n)
  })

  it('end a stream with the position that is acknowledged, and none of it is kept', async () => {
    async function* source() {
      for (let i = 0; i < 5; i++) yield { id: 910_000 + i, note: '', amount: 0 }
      yield { id: 'wrong', note: '', amount: 0 }
    }
    const error = await spice.write('journal', source(), { batchRows: 2 }).catch((error) => error)
    expect(error).toBeInstanceOf(WriteError)
    expect(error).toMatchObject({
      code: 'INVALID_ROW',
      acknowledgedRows: 0,
      dataset: 'journal',
      cause: { row: 5 },
    })
    expect(await count('id >= 910000')).toBe(0n)
  })

  it('end with the error of their source', async () => {
    async function* source() {
      yield { id: 920_000, note: '', amount: 0 }
      throw new RangeError('the source broke')
    }
    const error = await spice.write('journal', source(), { batchRows: 1 }).catch((error) => error)
    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { message: 'the source broke' } })
    expect(await count('id >= 920000')).toBe(0n)
  })

  it('because the dataset is unknown or not writable', async () => {
    await expect(spice.write('nowhere', [{ a: 1 }])).rejects.toThrow(/no dataset of this name/)
    await expect(spice.write('trades', [{ symbol: 'X', price: 1, size: 1 }])).rejects.toThrow(/not writable/)
  })

  it('because of the key', async () => {
    const reader = await connectWith('reader')
    await expect(reader.write('journal', [{ id: 1 }])).rejects.toBeInstanceOf(PermissionError)
    await reader.close()
  })

  it('because what is given is no source', async () => {
    await expect(spice.write('journal', 'rows' as never)).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
    })
    await expect(spice.write('journal', { id: 1 } as never)).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
    })
  })

  it('because time ran out before the source gave a batch', async () => {
    async function* silent(): AsyncGenerator<{ id: number }> {
      await new Promise(() => {})
    }
    const late = spice.write('journal', silent(), { timeoutMs: 100 })
    await expect(late).rejects.toMatchObject({ name: 'WriteError', code: 'TIMEOUT', acknowledgedRows: 0 })
  })

  it('because the signal fired or time ran out, with nothing kept', async () => {
    const controller = new AbortController()
    async function* source() {
      yield [{ id: 930_000, note: '', amount: 0 }]
      controller.abort()
      await new Promise(() => {})
    }
    const aborted = spice.write('journal', source(), { batchRows: 1, signal: controller.signal })
    await expect(aborted).rejects.toMatchObject({ name: 'WriteError', code: 'ABORTED' })
    async function* silent() {
      yield [{ id: 940_000, note: '', amount: 0 }]
      await new Promise(() => {})
    }
    const late = spice.write('journal', silent(), { batchRows: 1, timeoutMs: 300 })
    await expect(late).rejects.toMatchObject({ name: 'WriteError', code: 'TIMEOUT' })
    expect(await count('id >= 930000')).toBe(0n)
  })
})

it('says what to do where a runtime without keys takes no uploads', async () => {
  const keyless = await startFlightRuntime()
  try {
    const client = await connect({
      httpUrl: keyless.httpUrl,
      flightUrl: `grpc://${keyless.address}`,
      transport: 'flight',
    })
    const error = await client.write('journal', [{ id: 1 }]).catch((error) => error)
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toMatch(/spice\.execute/)
    await client.close()
  } finally {
    await keyless.close()
  }
})
