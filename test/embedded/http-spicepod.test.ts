import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSpicepod } from '../../src/embedded/spicepod/read-spicepod.ts'
import { OptionsError } from '../../src/errors.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spicepod-'))
})

afterAll(() => rm(directory, { recursive: true }))

async function read(yaml: string) {
  await writeFile(join(directory, 'spicepod.yaml'), yaml)
  return readSpicepod(directory)
}

describe('a spicepod that cannot be used', () => {
  it.each([
    ['is no YAML', 'datasets: [', /spicepod\.yaml:1: not valid YAML/],
    ['is a list', '- a', /spicepod\.yaml:1: the spicepod: .*expected object/],
    ['has a misspelt key', 'name: a\ndataset: []', /spicepod\.yaml:2: dataset: no such key/],
    [
      'has a misspelt key in a dataset',
      'datasets:\n  - from: file:a.csv\n    name: a\n    accelerated: true',
      /:4: datasets\[0\]\.accelerated: no such key/,
    ],
    ['has a dataset without a source', 'datasets:\n  - name: a', /:2: datasets\[0\]\.from: is missing/],
    [
      'has a wrong access',
      'datasets:\n  - from: file:a\n    name: a\n    access: write',
      /:4: datasets\[0\]\.access/,
    ],
    [
      'has a bad duration',
      'runtime:\n  query:\n    timeout: soon',
      /:3: runtime\.query\.timeout: "soon" is no duration/,
    ],
    [
      'wants TLS',
      'runtime:\n  tls:\n    enabled: true',
      /:3: runtime\.tls\.enabled: the embedded runtime serves plain text only/,
    ],
    [
      'has a name twice',
      'datasets:\n  - {from: file:a, name: a}\n  - {from: file:b, name: A}',
      /:3: datasets\[1\]\.name: the name A is taken/,
    ],
    [
      'has a key from a variable that is not set',
      `runtime: {auth: {api-key: {keys: ['\${ secrets:NO_SUCH_VARIABLE }']}}}`,
      /no variable NO_SUCH_VARIABLE/,
    ],
  ])('because it %s says where', async (_, yaml, message) => {
    const error = await read(yaml).catch((error) => error)
    expect(error).toBeInstanceOf(OptionsError)
    expect(error.message).toMatch(message)
  })

  it('because it is not there names the path', async () => {
    await expect(readSpicepod(join(directory, 'nowhere'))).rejects.toThrow(/no spicepod at .*nowhere/)
  })
})

describe('a spicepod that can be used', () => {
  it('gets every default', async () => {
    const { spicepod } = await read('datasets:\n  - {from: file:a.csv, name: a, acceleration: {}}')
    expect(spicepod.datasets[0]).toMatchObject({ access: 'read', acceleration: { enabled: true } })
  })

  it('reads durations and sizes', async () => {
    const { spicepod } = await read('runtime: {caching: {sql_results: {item_ttl: 1.5s, max_size: 2MiB}}}')
    expect(spicepod.runtime?.caching?.sql_results).toMatchObject({ item_ttl: 1_500, max_size: 2 * 1024 ** 2 })
  })

  it('takes keys from the environment', async () => {
    process.env.SPICE_SECRET_TEST_KEY = 'from-environment'
    const { spicepod } = await read(`runtime: {auth: {api-key: {keys: ['\${ secrets:TEST_KEY }:rw']}}}`)
    delete process.env.SPICE_SECRET_TEST_KEY
    expect(spicepod.runtime?.auth?.['api-key']?.keys).toEqual(['from-environment:rw'])
  })

  it('warns of keys the runtime knows and this one ignores', async () => {
    const { warnings } = await read('models: [{}]\ndatasets:\n  - {from: file:a, name: a, time_column: t}')
    expect(warnings).toEqual([
      'models has no effect in the embedded runtime',
      'datasets[0].time_column has no effect in the embedded runtime',
    ])
  })
})
