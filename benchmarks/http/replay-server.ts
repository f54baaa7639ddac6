/**
 * The runtime's HTTP API with prepared answers: enough of HTTP/1.1 to take a request from any client, and
 * one write per answer. Its port goes to the parent as a message.
 */
import { createServer, type Socket } from 'node:net'
import { THOUSAND_ROWS } from './statements.ts'

const HEAD_END = Buffer.from('\r\n\r\n')

const listening = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  let unread: Buffer | null = null
  socket.on('data', (chunk) => {
    unread = answerAll(socket, unread === null ? chunk : Buffer.concat([unread, chunk]))
  })
})

/** Answers every complete request; returns what is left of an incomplete one. */
function answerAll(socket: Socket, bytes: Buffer): Buffer | null {
  for (;;) {
    const headEnd = bytes.indexOf(HEAD_END)
    if (headEnd < 0) break
    const head = bytes.toString('latin1', 0, headEnd)
    const bodyLength = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    const end = headEnd + HEAD_END.length + bodyLength
    if (bytes.length < end) break
    socket.write(answerTo(head, bytes.toString('latin1', end - bodyLength, end)))
    bytes = bytes.subarray(end)
  }
  return bytes.length === 0 ? null : bytes
}

function answerTo(head: string, body: string): Buffer {
  if (head.startsWith('POST /v1/sql ')) return body === THOUSAND_ROWS ? thousandRows : oneRow
  return head.startsWith('GET /v1/status ') ? status : ready
}

const FIELDS = [
  ['symbol', 'Utf8'],
  ['price', 'Float64'],
  ['volume', 'Int64'],
  ['time', { Timestamp: ['Microsecond', null] }],
] as const

function sqlAnswer(rows: number): Buffer {
  const fields = FIELDS.map(([name, data_type]) => ({
    name,
    data_type,
    nullable: true,
    dict_id: 0,
    dict_is_ordered: false,
    metadata: {},
  }))
  const data = Array.from({ length: rows }, (_, row) => ({
    symbol: 'BTC-USD',
    price: 27_000 + row / 100,
    volume: row,
    time: new Date(1_700_000_000_000 + row).toISOString().slice(0, -1),
  }))
  const body = { row_count: rows, schema: { fields, metadata: {} }, data, execution_time_ms: 1 }
  return answer('application/vnd.spiceai.sql.v1+json', JSON.stringify(body))
}

function answer(contentType: string, body: string): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'results-cache-status: BYPASS',
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const oneRow = sqlAnswer(1)
const thousandRows = sqlAnswer(1_000)
const ready = answer('text/plain', 'ready')
const status = answer(
  'application/json',
  JSON.stringify([
    { name: 'http', endpoint: 'N/A', status: 'Ready' },
    { name: 'flight', endpoint: 'N/A', status: 'Disabled' },
  ]),
)

listening.listen(0, '127.0.0.1', () => process.send!(listening.address()))
process.once('disconnect', () => process.exit(0))
