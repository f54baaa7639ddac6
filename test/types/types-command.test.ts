import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readCatalog } from '../../src/cli/catalog.ts'
import { types } from '../../src/cli/types.ts'
import { typesSource } from '../../src/cli/types-source.ts'
import { connect, OptionsError } from '../../src/index.ts'
import { type FlightRuntime, startFlightRuntime } from '../support/flight-runtime.ts'

let runtime: FlightRuntime
let directory: string
let file: string
const said: string[] = []

beforeAll(async () => {
  vi.spyOn(console, 'error').mockImplementation((line) => said.push(String(line)))
  runtime = await startFlightRuntime()
  directory = await mkdtemp(join(tmpdir(), 'types-command-'))
  file = join(directory, 'datasets.ts')
})
beforeEach(() => {
  said.length = 0
})
afterAll(async () => {
  vi.restoreAllMocks()
  await runtime?.close()
  await rm(directory, { recursive: true, force: true })
})

const run = (...args: string[]): Promise<number> =>
  types(['--http-url', runtime.httpUrl, '--flight-url', `grpc://${runtime.address}`, ...args])

describe('spice-sidecar types', () => {
  it('writes the datasets of the catalog', async () => {
    expect(await run('--out', file)).toBe(0)
    const source = await readFile(file, 'utf8')
    expect(source).toMatch(/export interface Journal \{/)
    expect(source).toMatch(/ {2}trades: Trades\n/)
    expect(source).toMatch(/ {2}'places\.visited': PlacesVisited\n/)
    expect(source).not.toMatch(/information_schema/)
  })

  it('leaves a file alone that is up to date', async () => {
    const before = await stat(file, { bigint: true })
    expect(await run('--out', file)).toBe(0)
    expect(said).toEqual([expect.stringMatching(/up to date/)])
    expect((await stat(file, { bigint: true })).mtimeNs).toBe(before.mtimeNs)
  })

  it('leaves a file alone whose line ends a checkout made those of Windows', async () => {
    await run('--out', file)
    const windows = (await readFile(file, 'utf8')).replaceAll('\n', '\r\n')
    await writeFile(file, windows)
    expect(await run('--out', file, '--check')).toBe(0)
    expect(await run('--out', file)).toBe(0)
    expect(await readFile(file, 'utf8')).toBe(windows)
  })

  it('checks without writing', async () => {
    expect(await run('--out', file, '--check')).toBe(0)
    await writeFile(file, 'something else')
    expect(await run('--out', file, '--check')).toBe(1)
    expect(await readFile(file, 'utf8')).toBe('something else')
    expect(await run('--out', join(directory, 'missing.ts'), '--check')).toBe(1)
  })

  it('follows the values options', async () => {
    await run('--out', file, '--int64', 'number')
    expect(await readFile(file, 'utf8')).toMatch(/ {2}id: number/)
  })

  it.each([[['--check']], [['extra']], [['--int64', 'float']]])('refuses %o', async (args) => {
    await expect(run(...args)).rejects.toBeInstanceOf(OptionsError)
  })
})

it('finds the same datasets and types over HTTP', async () => {
  const overFlight = await connect({ httpUrl: runtime.httpUrl, flightUrl: `grpc://${runtime.address}` })
  const overHttp = await connect({ httpUrl: runtime.httpUrl, transport: 'http' })
  expect(overHttp.endpoint.flight).toBe(null)
  const names = (source: string) => source.match(/^ {2}\S+: .*$/gm)
  const http = names(typesSource(await readCatalog(overHttp, { internal: false })))
  const flight = names(typesSource(await readCatalog(overFlight, { internal: false })))
  expect(http).toEqual(flight)
  await overFlight.close()
  await overHttp.close()
})
