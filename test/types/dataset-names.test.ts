import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { readCatalog } from '../../src/cli/catalog.ts'
import { types } from '../../src/cli/types.ts'
import { typesSource } from '../../src/cli/types-source.ts'
import { connect, type SidecarClient } from '../../src/index.ts'
import { type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

const NAMES = [
  'plain',
  'my-table',
  '2024sales',
  'select',
  'UPPER',
  '日本',
  'finance.trades',
  'odd-schema.my-table',
]

let directory: string
let runtime: SpawnedRuntime
let overFlight: SidecarClient
let overHttp: SidecarClient

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dataset-names-'))
  await writeFile(join(directory, 'rows.json'), '[{"id": 1}]')
  const from = `file:${join(directory, 'rows.json')}`
  runtime = await spawnRuntime({
    spicepod: {
      name: 'names',
      datasets: NAMES.map((name) => ({
        ...{ from, name, acceleration: { enabled: true } },
        ...{ description: `Rows of ${name}`, columns: [{ name: 'id', description: 'Number of the row' }] },
      })),
      views: [{ name: 'seen', sql: 'SELECT id FROM plain', description: 'A view' }],
    },
  })
  overFlight = await connect({ httpUrl: runtime.httpUrl })
  overHttp = await connect({ httpUrl: runtime.httpUrl, transport: 'http' })
})
afterAll(async () => {
  await overFlight?.close()
  await overHttp?.close()
  await runtime?.stop()
  await rm(directory, { recursive: true, force: true })
})

it('are those of the spicepod, over Flight and over HTTP', async () => {
  for (const spice of [overFlight, overHttp]) {
    const catalog = await readCatalog(spice, { internal: false })
    const datasets = catalog.map(({ name }) => name).filter((name) => name !== 'seen')
    expect(datasets.sort()).toEqual([...NAMES].sort())
  }
})

it('are the keys of Datasets', async () => {
  const file = join(directory, 'datasets.ts')
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(await types(['--http-url', runtime.httpUrl, '--out', file])).toBe(0)
  said.mockRestore()
  const source = await readFile(file, 'utf8')
  for (const key of [`'my-table'`, `'2024sales'`, `'odd-schema.my-table'`, 'UPPER', '日本']) {
    expect(source).toContain(`  ${key}: `)
  }
})

it('come with what the spicepod says about them and their columns', async () => {
  const source = typesSource(await readCatalog(overFlight, { internal: false }))
  expect(source).toContain(
    '/** Rows of the dataset my-table: Rows of my-table */\nexport interface MyTable {',
  )
  expect(source).toContain('  /** Int64. Number of the row */\n  id: bigint | null\n')
  expect(source).toContain('/** Rows of the dataset seen: A view */')
})

it('are listed as statements refer to them', async () => {
  const listed = await overHttp.datasets.list()
  expect(listed.map(({ name }) => name).filter((name) => name.includes('"'))).toEqual([
    '"my-table"',
    '"2024sales"',
    '"UPPER"',
    '"日本"',
    '"odd-schema"."my-table"',
  ])
  for (const { name } of listed.filter(({ name }) => name !== 'select')) {
    expect(await overFlight.query(`SELECT id FROM ${name}`)).toEqual([{ id: 1n }])
  }
})

it('name what is to be refreshed, quoted or not', async () => {
  for (const name of ['my-table', '"my-table"', 'odd-schema.my-table', '"odd-schema"."my-table"']) {
    expect(await overHttp.datasets.refresh(name)).toMatch(/triggered/)
  }
})
