import { describe, expect, it } from 'vitest'
import { datasetPath } from '../../src/client/dataset-schema.ts'
import { unaskedServer } from '../support/unasked-server.ts'

const unasked = unaskedServer()
const rows = [{ id: 1 }, { id: 2 }]

describe('write options', () => {
  it.each([
    { batchRows: 0 },
    { batchRows: -1 },
    { batchRows: 1.5 },
    { batchRows: NaN },
    { timeoutMs: 0 },
    { timeoutMs: NaN },
    { timeoutMs: 2 ** 40 },
    { idleMs: 0 },
    { idleMs: Infinity },
    { signal: 'stop' },
    { batchrows: 5 },
  ])('%o are refused', async (options) => {
    await expect(unasked.spice.write('t', rows, options as never)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    })
  })
})

describe('the name of a dataset', () => {
  it.each(['', '.', 'a.', '.a', 'a..b', '"a', 'a"b"', '""', 5, null, undefined])(
    'is not %o',
    async (name) => {
      await expect(unasked.spice.write(name as string, rows)).rejects.toMatchObject({
        code: 'INVALID_PARAMETERS',
      })
    },
  )

  it.each([
    ['trades', ['trades']],
    ['finance.trades', ['finance', 'trades']],
    ['finance."my ""trades"".x"', ['finance', 'my "trades".x']],
    ['my trades', ['my trades']],
  ])('%s has its parts', (name, parts) => {
    expect(datasetPath(name)).toEqual(parts)
  })
})

it('nothing of it was sent', () => {
  expect(unasked.calls).toEqual([])
})
