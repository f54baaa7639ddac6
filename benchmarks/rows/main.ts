/**
 * Rows from one decoded record batch: this package against apache-arrow and flechette.
 *
 *   npm run bench:rows [-- --json FILE] [--rounds N]
 *
 * 1 000 rows of string, float64, int64 and timestamp in microseconds, as a server sends them. Every reader
 * begins with the bytes of the messages and ends with an array of plain objects. Rounds of the readers are
 * interleaved; a figure is the median of its rounds.
 *
 * The last line makes a `Date` for each row and reads nothing: what an exact timestamp, which is a `Date`,
 * costs in V8 alone, and so the least that any reader of this column could take.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { tableFromIPC as flechetteFromIPC } from '@uwdata/flechette'
import * as arrow from 'apache-arrow'

const { StreamDecoder } = (await import(
  new URL('../../dist/arrow.mjs', import.meta.url).href
)) as typeof import('../../src/arrow/index.ts')

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, rounds: { type: 'string', default: '41' } },
})
const ROUNDS = Number(options.rounds)
/** Runs of a reader in one round. */
const RUNS = 20

function sampleTable(rows: number): arrow.Table {
  const symbols = ['BTC', 'ETH', 'SOL-PERP', 'AAPL', 'DOGE-USD']
  const index = Array.from({ length: rows }, (_, i) => i)
  return new arrow.Table({
    symbol: arrow.vectorFromArray(
      index.map((i) => `${symbols[i % symbols.length]}${i % 7}`),
      new arrow.Utf8(),
    ),
    price: arrow.vectorFromArray(
      index.map((i) => 100 + i * 0.37),
      new arrow.Float64(),
    ),
    size: arrow.vectorFromArray(
      index.map((i) => BigInt(i) * 1_000_003n),
      new arrow.Int64(),
    ),
    at: arrow.vectorFromArray(
      index.map((i) => 1_700_000_000_000 + i * 977),
      new arrow.TimestampMicrosecond(),
    ),
  })
}

/** The messages of an IPC stream as Flight delivers them: metadata and body apart. */
function messagesOf(stream: Uint8Array): Array<{ header: Uint8Array; body: Uint8Array }> {
  const bodyLengths: number[] = []
  const reader = new arrow.MessageReader(stream)
  for (let message = reader.readMessage(); message !== null; message = reader.readMessage()) {
    bodyLengths.push(message.bodyLength)
    reader.readMessageBody(message.bodyLength)
  }
  // apache-arrow does not give out the metadata's bytes: cut them from the stream by its framing.
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length)
  let position = 0
  return bodyLengths.map((bodyLength) => {
    const length = view.getInt32(position + 4, true)
    const header = stream.slice(position + 8, position + 8 + length)
    position += 8 + length
    const body = stream.slice(position, position + bodyLength)
    position += bodyLength
    return { header, body }
  })
}

interface Reader {
  readonly name: string
  readonly read: () => number
}

function readersFor(rows: number): Reader[] {
  const stream = arrow.tableToIPC(sampleTable(rows), 'stream')
  const [schema, batch] = messagesOf(stream)
  const ours = (values: object) => () => {
    const decoder = new StreamDecoder({ values })
    decoder.push(schema!.header, schema!.body)
    const target: object[] = []
    decoder.push(batch!.header, batch!.body)!.appendRows(target as Record<string, unknown>[])
    return target.length
  }
  return [
    { name: 'spice-sidecar', read: ours({}) },
    { name: "spice-sidecar, timestamp: 'bigint'", read: ours({ timestamp: 'bigint' }) },
    { name: 'flechette', read: () => flechetteFromIPC(stream).toArray().length },
    {
      name: 'flechette, exact (useBigInt, useDate)',
      read: () => flechetteFromIPC(stream, { useBigInt: true, useDate: true }).toArray().length,
    },
    {
      name: 'apache-arrow toArray().map(toJSON)',
      read: () =>
        arrow
          .tableFromIPC(stream)
          .toArray()
          .map((row) => row.toJSON()).length,
    },
    { name: 'a Date per row, nothing read', read: () => datesOnly(rows) },
  ]
}

function datesOnly(rows: number): number {
  const dates: Date[] = []
  dates.length = rows
  for (let i = 0; i < rows; i++) dates[i] = new Date(1_700_000_000_000 + i * 977)
  return dates.length
}

function median(samples: number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

/** Median microseconds of one read, for each reader. */
function measure(readers: readonly Reader[]): Map<string, number> {
  const samples = new Map<string, number[]>(readers.map(({ name }) => [name, []]))
  for (let round = -10; round < ROUNDS; round++) {
    for (const { name, read } of readers) {
      const start = process.hrtime.bigint()
      for (let run = 0; run < RUNS; run++) read()
      const microseconds = Number(process.hrtime.bigint() - start) / 1000 / RUNS
      if (round >= 0) samples.get(name)!.push(microseconds)
    }
  }
  return new Map([...samples].map(([name, times]) => [name, median(times)]))
}

const report: Record<string, Record<string, number>> = {}
for (const rows of [1000, 1]) {
  const medians = measure(readersFor(rows))
  const flechette = medians.get('flechette')!
  const apache = medians.get('apache-arrow toArray().map(toJSON)')!
  console.log(`\n${rows} row${rows === 1 ? '' : 's'} of 4 columns, from bytes to objects`)
  console.log(
    `${'reader'.padEnd(40)}${'µs'.padStart(10)}${'× flechette'.padStart(14)}${'× apache-arrow'.padStart(16)}`,
  )
  for (const [name, time] of medians)
    console.log(
      `${name.padEnd(40)}${time.toFixed(1).padStart(10)}${(flechette / time).toFixed(1).padStart(14)}` +
        `${(apache / time).toFixed(1).padStart(16)}`,
    )
  report[`${rows} rows`] = Object.fromEntries(medians)
}
if (options.json !== undefined)
  writeFileSync(
    options.json,
    `${JSON.stringify({ node: process.version, rounds: ROUNDS, microseconds: report }, null, 2)}\n`,
  )
