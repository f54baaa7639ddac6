import {
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMicrosecond,
  tableToIPC,
  Utf8,
} from 'apache-arrow'
import { ROWS_PER_BATCH, SQL, STREAM_BATCHES } from './cases.ts'
import { grpcMessage } from './http2-wire.ts'

/** Distinct batches in the streaming answer, repeated in turn: enough that no cache holds them all. */
const DISTINCT_BATCHES = 32

/** gRPC messages (with their prefix) that answer DoGet and GetFlightInfo for one SQL text. */
export interface Fixture {
  sql: string
  data: Buffer[]
  info: Buffer
}

export function buildFixtures(): Fixture[] {
  const stream = ipcMessages(
    Array.from({ length: DISTINCT_BATCHES }, (_, index) => batch(ROWS_PER_BATCH, index)),
  )
  const [schema, ...batches] = stream
  return [
    fixture(SQL.oneRow, ipcMessages([batch(1, 0)])),
    fixture(SQL.thousandRows, ipcMessages([batch(1_000, 0)])),
    fixture(SQL.stream, [
      schema!,
      ...Array.from({ length: STREAM_BATCHES }, (_, index) => batches[index % DISTINCT_BATCHES]!),
    ]),
  ]
}

function fixture(sql: string, messages: IpcMessage[]): Fixture {
  const encoded = new Map<IpcMessage, Buffer>()
  for (const message of messages)
    if (!encoded.has(message)) encoded.set(message, grpcMessage(flightData(message)))
  return { sql, data: messages.map((message) => encoded.get(message)!), info: grpcMessage(flightInfo(sql)) }
}

const schema = new Schema([
  new Field('symbol', new Utf8(), true),
  new Field('price', new Float64(), true),
  new Field('volume', new Int64(), true),
  new Field('time', new TimestampMicrosecond(), true),
])

function batch(rows: number, seed: number): RecordBatch {
  const symbols = ['BTC', 'ETH', 'SOL', 'DOGE', 'AVAX', 'MATIC']
  const offsets = new Int32Array(rows + 1)
  const texts: string[] = []
  const price = new Float64Array(rows)
  const volume = new BigInt64Array(rows)
  const time = new BigInt64Array(rows)
  for (let row = 0; row < rows; row++) {
    const text = `${symbols[(row + seed) % symbols.length]}-USD`
    texts.push(text)
    offsets[row + 1] = offsets[row]! + text.length
    price[row] = 27_000 + ((row * 7_919 + seed) % 10_000) / 100
    volume[row] = BigInt(row * 31 + seed)
    time[row] = 1_700_000_000_000_000n + BigInt(seed * rows + row) * 1_000n
  }
  const children = [
    makeData({
      type: schema.fields[0]!.type as Utf8,
      length: rows,
      valueOffsets: offsets,
      data: Buffer.from(texts.join('')),
    }),
    makeData({ type: schema.fields[1]!.type as Float64, length: rows, data: price }),
    makeData({ type: schema.fields[2]!.type as Int64, length: rows, data: volume }),
    makeData({ type: schema.fields[3]!.type as TimestampMicrosecond, length: rows, data: time }),
  ]
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, children }))
}

interface IpcMessage {
  header: Buffer
  body: Buffer
}

/** Splits an IPC stream (continuation, metadata length, metadata, body) into header and body pairs. */
function ipcMessages(batches: RecordBatch[]): IpcMessage[] {
  const bytes = Buffer.from(tableToIPC(new Table(batches), 'stream'))
  const messages: IpcMessage[] = []
  let at = 0
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32LE(at + 4)
    if (length === 0) break
    const header = bytes.subarray(at + 8, at + 8 + length)
    const bodyLength = messageBodyLength(header)
    at += 8 + length + bodyLength
    messages.push({ header, body: bytes.subarray(at - bodyLength, at) })
  }
  return messages
}

/** `Message.bodyLength`, the field with vtable slot 10 (Arrow's Message.fbs). */
function messageBodyLength(header: Buffer): number {
  const table = header.readUInt32LE(0)
  const vtable = table - header.readInt32LE(table)
  const slot = header.readUInt16LE(vtable) > 10 ? header.readUInt16LE(vtable + 10) : 0
  return slot === 0 ? 0 : Number(header.readBigInt64LE(table + slot))
}

/** `FlightData`: data_header is field 2, data_body field 1000 (Flight.proto). */
function flightData(message: IpcMessage): Buffer {
  const header = lengthDelimited(2, message.header)
  return message.body.length === 0 ? header : Buffer.concat([header, lengthDelimited(1000, message.body)])
}

/** `FlightInfo` with one endpoint, no location, and the SQL text as its ticket; counts unknown. */
function flightInfo(sql: string): Buffer {
  const ticket = lengthDelimited(1, Buffer.from(sql))
  const encapsulated = Buffer.from(tableToIPC(new Table([batch(0, 0)]), 'stream'))
  const descriptor = Buffer.concat([Buffer.from([0x08, 0x02]), lengthDelimited(2, Buffer.from(sql))])
  return Buffer.concat([
    lengthDelimited(1, encapsulated.subarray(0, 8 + encapsulated.readUInt32LE(4))),
    lengthDelimited(2, descriptor),
    lengthDelimited(3, lengthDelimited(1, ticket)),
  ])
}

function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  bytes.push(value)
  return Buffer.from(bytes)
}
