import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { interopPath, PYTHON, ServerProcess } from './server-process.ts'

/** Python's Flight clients against the embedded runtime: what it says has to make sense to others. */
let directory: string
let runtime: ServerProcess

const SPICEPOD = `version: v1
kind: Spicepod
name: interop
datasets:
  - from: file:trades.csv
    name: trades
    acceleration:
      enabled: true
`
const TRADES = `symbol,price,volume,time
BTC,2.5,10,2026-01-01T00:00:00
ETH,1.25,20,2026-01-01T00:00:01
BTC,3.5,30,2026-01-01T00:00:02.5
`

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spice-sidecar-interop-'))
  await writeFile(join(directory, 'spicepod.yaml'), SPICEPOD)
  await writeFile(join(directory, 'trades.csv'), TRADES)
  const loopback = ['--http', '127.0.0.1:0', '--flight', '127.0.0.1:0']
  runtime = await ServerProcess.start(process.execPath, [
    interopPath('../../dist/cli.mjs'),
    'serve',
    directory,
    ...loopback,
  ])
  const ready = `http://${runtime.addresses.http}/v1/ready`
  await vi.waitFor(async () => expect((await fetch(ready)).status).toBe(200), { timeout: 20_000 })
})
afterAll(async () => {
  await runtime?.stop()
  await rm(directory, { recursive: true })
})

async function askWith(client: 'pyarrow' | 'adbc'): Promise<Record<string, unknown>> {
  const script = interopPath('peer_clients.py')
  const { stdout } = await promisify(execFile)(PYTHON, [script, client, runtime.addresses.flight], {
    timeout: 25_000,
  })
  return JSON.parse(stdout)
}

const SCHEMA = [
  ['symbol', 'string'],
  ['price', 'double'],
  ['volume', 'int64'],
  ['time', 'timestamp[us]'],
]
const ROWS = [
  { symbol: 'BTC', price: 2.5, volume: 10, time: '2026-01-01 00:00:00' },
  { symbol: 'ETH', price: 1.25, volume: 20, time: '2026-01-01 00:00:01' },
  { symbol: 'BTC', price: 3.5, volume: 30, time: '2026-01-01 00:00:02.500000' },
]

describe('the embedded runtime', () => {
  it('serves pyarrow.flight', async () => {
    const { error, ...answers } = await askWith('pyarrow')
    expect(answers).toEqual({
      schema: SCHEMA,
      announced: SCHEMA,
      rows: ROWS,
      direct: 3,
      schemaOnly: SCHEMA.map(([name]) => name),
      many: 100_000,
    })
    expect(error).toMatch(/^ArrowInvalid: .*missing_table/)
  })

  it('serves ADBC’s Flight SQL driver, bound parameters and metadata included', async () => {
    const { error, ...answers } = await askWith('adbc')
    expect(answers).toEqual({
      schema: SCHEMA,
      rows: ROWS,
      bound: [[10], [30]],
      many: 100_000,
      tables: ['trades'],
      tableTypes: ['BASE TABLE', 'VIEW'],
      vendor: 'Spice.ai',
    })
    expect(error).toMatch(/missing_table/)
  })
})
