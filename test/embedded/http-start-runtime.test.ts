import { expect, it } from 'vitest'
import { startRuntime } from '../../src/embedded/index.ts'
import { OptionsError } from '../../src/errors.ts'
import { dataFile } from '../support/spawn-runtime.ts'

const FREE = { http: '127.0.0.1:0', flight: '127.0.0.1:0' }

it('starts, loads, answers and ends in this process, as often as wanted', async () => {
  for (let round = 0; round < 2; round++) {
    const loaded: unknown[] = []
    const runtime = await startRuntime({
      ...FREE,
      metrics: '127.0.0.1:0',
      spicepod: { datasets: [{ from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: {} }] },
      onProgress: ({ name, rows, error }) => loaded.push({ name, rows, error }),
    })
    await runtime.ready
    expect(loaded).toEqual([{ name: 'stocks', rows: 560, error: null }])
    for (const address of [runtime.httpAddress, runtime.flightAddress, runtime.metricsAddress]) {
      expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
    }
    const response = await fetch(`http://${runtime.httpAddress}/v1/sql`, {
      method: 'POST',
      body: 'SELECT 1 AS a',
    })
    expect(await response.json()).toEqual([{ a: 1 }])
    await Promise.all([runtime.close(1_000), runtime.close(1_000)])
    await expect(fetch(`http://${runtime.httpAddress}/health`)).rejects.toThrow()
  }
})

it('serves no Flight when told not to, and says so in its status', async () => {
  const runtime = await startRuntime({ http: '[::1]:0', flight: false, spicepod: {} })
  expect(runtime.flightAddress).toBeNull()
  const status = await (await fetch(`http://${runtime.httpAddress}/v1/status`)).json()
  expect(status).toContainEqual({ name: 'flight', endpoint: 'N/A', status: 'Disabled' })
  await runtime.close(1_000)
})

it('tells through `ready` which dataset cannot be loaded', async () => {
  const runtime = await startRuntime({
    ...FREE,
    spicepod: {
      datasets: [
        { from: `file:${dataFile('stocks.csv')}`, name: 'stocks', params: { file_format: 'parquet' } },
      ],
    },
  })
  await expect(runtime.ready).rejects.toThrow(/^stocks: .*No magic bytes[^\n]*$/)
  await runtime.close(1_000)
})

it('lets go of its listeners when one address is taken', async () => {
  const first = await startRuntime({ ...FREE, spicepod: {} })
  const taken = { http: '127.0.0.1:0', flight: first.flightAddress!, spicepod: {} }
  const error = await startRuntime(taken).catch((error) => error)
  expect(error).toBeInstanceOf(OptionsError)
  expect(error.message).toContain(`Address ${first.flightAddress} is already in use`)
  await first.close(1_000)
})

it('refuses an address that is none and a spicepod that is not there', async () => {
  await expect(startRuntime({ http: 'localhost:1', spicepod: {} })).rejects.toThrow(OptionsError)
  await expect(startRuntime({ ...FREE, spicepod: '/nowhere' })).rejects.toThrow(/no spicepod at \/nowhere/)
})
