import { status } from '@grpc/grpc-js'
import {
  Dictionary,
  Float64,
  Int32,
  Int64,
  Table,
  tableFromArrays,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AbortError, type SidecarError } from '../../src/errors.ts'
import { packAny } from '../../src/flight/any.ts'
import { encodeFlightData } from '../../src/flight/flight-data.ts'
import {
  CommandStatementIngest,
  CommandStatementUpdate,
  DescriptorType,
  DoPutUpdateResult,
} from '../../src/flight/messages.generated.ts'
import { decode } from '../../src/flight/protobuf.ts'
import { NativeTransport } from '../../src/transport/native/transport.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'
import { RawFlightClient, rpcErrorOf, uploadOf } from '../support/raw-flight-client.ts'

let runtime: FlightRuntime
let openRuntime: FlightRuntime
let writer: RawFlightClient
let reader: RawFlightClient
let anyone: RawFlightClient
beforeAll(async () => {
  ;[runtime, openRuntime] = await Promise.all([
    startFlightRuntime({ keys: ['r', 'w:rw'] }),
    startFlightRuntime(),
  ])
  writer = new RawFlightClient(runtime.address, { authorization: 'Bearer w' })
  reader = new RawFlightClient(runtime.address, { authorization: 'Bearer r' })
  anyone = new RawFlightClient(openRuntime.address)
})
afterAll(async () => {
  for (const client of [writer, reader, anyone]) client.close()
  await Promise.all([runtime.close(), openRuntime.close()])
})

const path = (...parts: string[]) => ({ type: DescriptorType.PATH, path: parts })
const command = (cmd: Uint8Array) => ({ type: DescriptorType.CMD, cmd })
const table = (columns: Record<string, Vector>) => new Table(columns as never)

/** Rows of `journal`: id, note, amount. */
function entries(ids: bigint[], notes: Array<string | null>): Table {
  return table({
    id: vectorFromArray(ids, new Int64()),
    note: vectorFromArray(notes, new Utf8()),
    amount: vectorFromArray(
      ids.map((id) => Number(id) / 4),
      new Float64(),
    ),
  })
}

const journal = async (where: string) =>
  (await writer.table(`SELECT * FROM journal WHERE ${where} ORDER BY id`))
    .toArray()
    .map((row) => row.toJSON())

describe('an upload to a dataset', () => {
  it('appends its rows and is answered once, after the commit', async () => {
    const upload = uploadOf(entries([10n, 11n], ['ten', null]), path('journal'))
    expect(await writer.doPut(upload)).toEqual([new Uint8Array(0)])
    expect(await journal('id IN (10, 11)')).toEqual([
      { id: 10n, note: 'ten', amount: 2.5 },
      { id: 11n, note: null, amount: 2.75 },
    ])
  })

  it('takes columns in any order and several batches, each of any size', async () => {
    const [schema] = uploadOf(entries([1n], ['x']), path('spice', 'public', 'journal'))
    const batches = [
      Array.from({ length: 5000 }, (_, i) => BigInt(20_000 + i)),
      Array.from({ length: 3 }, (_, i) => BigInt(30_000 + i)),
    ].map((ids) => uploadOf(entries(ids, ids.map(String)), path('journal'))[1])
    await writer.doPut([schema, ...batches])
    const counts = await writer.table('SELECT count(*) AS n, min(note) AS low FROM journal WHERE id >= 20000')
    expect(counts.get(0)!.toJSON()).toEqual({ n: 5003n, low: '20000' })
    const visited = table({
      size: vectorFromArray([5n], new Int64()),
      symbol: vectorFromArray(['ADA'], new Utf8()),
      price: vectorFromArray([0.5], new Float64()),
    })
    await writer.doPut(uploadOf(visited, path('places', 'visited')))
    const found = await writer.table(`SELECT * FROM places.visited WHERE symbol = 'ADA'`)
    expect(found.get(0)!.toJSON()).toEqual({ symbol: 'ADA', price: 0.5, size: 5n })
  })

  it('is seen by a query that was cached before', async () => {
    const count = async () => (await writer.table('SELECT count(*) AS n FROM journal')).get(0)!.n as bigint
    const before = await count()
    await writer.doPut(uploadOf(entries([900n], ['cache']), path('journal')))
    expect(await count()).toBe(before + 1n)
  })

  it('is also taken as CommandStatementIngest', async () => {
    const ingest = packAny(CommandStatementIngest, { table: 'journal', schema: 'public' })
    await writer.doPut(uploadOf(entries([50n], ['ingested']), command(ingest)))
    expect(await journal('id = 50')).toHaveLength(1)
  })

  it('leaves nothing behind when a later batch is bad', async () => {
    const good = uploadOf(entries([70n], ['good']), path('journal'))
    const bad = encodeFlightData({ header: Buffer.from('not a flatbuffer message at all') })
    expect((await rpcErrorOf(writer.doPut([...good, bad]))).code).toBe(status.INVALID_ARGUMENT)
    expect(await journal('id = 70')).toEqual([])
    await writer.doPut(uploadOf(entries([71n], ['next']), path('journal')))
    expect(await journal('id = 71')).toHaveLength(1)
  })

  it('leaves nothing behind when its client goes away without closing its side', async () => {
    // Not by grpc-js, which closes its side when it cancels: to the server that is a whole upload.
    for (const leave of ['cancel', 'disconnect'] as const) {
      for (let turns = 0; turns < 6; turns++) await abandon(leave, turns)
    }
    await writer.doPut(uploadOf(entries([81n], ['after']), path('journal')))
    expect(await journal('id IN (80, 81)')).toMatchObject([{ id: 81n }])
  })

  async function abandon(leave: 'cancel' | 'disconnect', turns: number): Promise<void> {
    const [host, port] = runtime.address.split(':')
    const transport = new NativeTransport({ address: { secure: false, host, port: Number(port) } })
    await transport.connect()
    const ended = new Promise<SidecarError | null>((resolve) => {
      const call = transport.start(
        '/arrow.flight.protocol.FlightService/DoPut',
        null,
        { onMessage() {}, onEnd: resolve },
        { metadata: [['authorization', 'Bearer w']] },
      )
      for (const message of uploadOf(entries([80n], ['abandoned']), path('journal'))) call.write(message)
      const go = (turn: number): unknown =>
        turn > 0
          ? setImmediate(() => go(turn - 1))
          : leave === 'cancel'
            ? call.cancel(new AbortError('enough'))
            : transport.close()
      go(turns)
    })
    expect(await ended).not.toBeNull()
    await transport.close()
  }

  it.each<[string, Table, RegExp]>([
    ['a column too many', entries([1n], ['x']).assign(tableFromArrays({ more: [1] })), /no column more/],
    ['a column missing', table({ id: vectorFromArray([1n], new Int64()) }), /column note is missing/],
    [
      'another type',
      table({
        id: vectorFromArray([1], new Int32()),
        note: vectorFromArray(['x'], new Utf8()),
        amount: vectorFromArray([1], new Float64()),
      }),
      /column id is Int64, not Int32/,
    ],
  ])('is INVALID_ARGUMENT with %s', async (_, rows, details) => {
    const error = await rpcErrorOf(writer.doPut(uploadOf(rows, path('journal'))))
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(error.details).toMatch(details)
  })

  it('refuses dictionaries, which the runtime cannot decode either', async () => {
    const notes = vectorFromArray(['a', 'b'], new Dictionary(new Utf8(), new Int32()))
    const rows = table({
      id: vectorFromArray([1n, 2n], new Int64()),
      note: notes,
      amount: vectorFromArray([1, 2], new Float64()),
    })
    expect((await rpcErrorOf(writer.doPut(uploadOf(rows, path('journal'))))).code).toBe(
      status.INVALID_ARGUMENT,
    )
  })

  it.each([['trades'], ['nowhere'], ['a.b.c.d']])(
    'is refused for %s, which is not writable',
    async (name) => {
      const error = await rpcErrorOf(writer.doPut(uploadOf(entries([1n], ['x']), path(name))))
      expect([error.code, error.details]).toEqual([
        status.INVALID_ARGUMENT,
        `Path doesn't exist or is not writable: ${name}`,
      ])
    },
  )

  it('needs a key that may write, even from a runtime without keys', async () => {
    const upload = uploadOf(entries([1n], ['x']), path('journal'))
    expect((await rpcErrorOf(reader.doPut(upload))).code).toBe(status.PERMISSION_DENIED)
    expect((await rpcErrorOf(anyone.doPut(upload))).code).toBe(status.UNAUTHENTICATED)
  })

  it('needs a descriptor in its first message', async () => {
    expect((await rpcErrorOf(writer.doPut([]))).code).toBe(status.INVALID_ARGUMENT)
    const text = encodeFlightData({ descriptor: command(Buffer.from('DELETE FROM journal')) })
    expect((await rpcErrorOf(writer.doPut([text]))).code).toBe(status.INVALID_ARGUMENT)
  })
})

describe('CommandStatementUpdate', () => {
  const update = (query: string) => [
    encodeFlightData({ descriptor: command(packAny(CommandStatementUpdate, { query })) }),
  ]

  it('runs a statement and returns the count of rows changed', async () => {
    await writer.doPut(update(`INSERT INTO journal VALUES (500, 'a', 1), (501, 'b', 2)`))
    const [result] = await writer.doPut(update('DELETE FROM journal WHERE id IN (500, 501)'))
    expect(decode(DoPutUpdateResult, result).recordCount).toBe(2n)
  })

  it('refuses statements that read, fail, or may not write', async () => {
    expect((await rpcErrorOf(writer.doPut(update('SELECT 1')))).code).toBe(status.INVALID_ARGUMENT)
    expect((await rpcErrorOf(writer.doPut(update('DELETE FROM nowhere')))).code).toBe(status.INVALID_ARGUMENT)
    expect((await rpcErrorOf(reader.doPut(update('DELETE FROM journal')))).code).toBe(
      status.PERMISSION_DENIED,
    )
    expect((await rpcErrorOf(anyone.doPut(update('DELETE FROM journal')))).code).toBe(status.UNAUTHENTICATED)
  })
})
