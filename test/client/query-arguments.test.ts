import { describe, expect, it } from 'vitest'
import { sql } from '../../src/index.ts'
import { unaskedServer } from '../support/unasked-server.ts'

const unasked = unaskedServer()

const attempt = async (start: () => PromiseLike<unknown>) => {
  try {
    return await start()
  } catch (error) {
    return error
  }
}

describe('parameters that are neither an array nor an object of names', () => {
  it.each([
    [5],
    ['BTC'],
    [''],
    [null],
    [new Map([['a', 1]])],
    [new Set([1])],
    [new Date(0)],
    [new Uint8Array(2)],
    [new Float64Array(2)],
    [Symbol('s')],
    [() => [1]],
  ])('are refused: %o', async (parameters) => {
    for (const start of [
      () => unasked.spice.query('SELECT $1, $a', parameters as never),
      () => unasked.spice.execute('DELETE FROM t WHERE a = $1', parameters as never),
    ]) {
      expect(await attempt(start)).toMatchObject({ code: 'INVALID_PARAMETERS' })
    }
  })

  it('as are the options of a query in their place', async () => {
    expect(await attempt(() => unasked.spice.query('SELECT 1', { timeoutMs: 5 }))).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('timeoutMs'),
    })
  })
})

describe('text that UTF-8 cannot express', () => {
  it.each([
    ['in a statement', () => unasked.spice.query("SELECT '\ud83d'")],
    ['in an identifier', () => unasked.spice.query(sql`SELECT ${sql.id('\udc00')}`)],
    ['in a parameter', () => unasked.spice.query('SELECT $1', ['\ud83d'])],
  ])('is refused %s', async (_where, start) => {
    expect(await attempt(start)).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining('surrogate'),
    })
  })
})

describe('options that are no object', () => {
  it.each([[null], [5], ['timeoutMs']])('are refused: %o', async (options) => {
    for (const start of [
      () => unasked.spice.query('SELECT 1', [], options as never),
      () => unasked.spice.execute('DELETE FROM t', [], options as never),
    ]) {
      expect(await attempt(start)).toMatchObject({ code: 'INVALID_OPTIONS' })
    }
  })
})

it('nothing of it was sent', () => {
  expect(unasked.calls).toEqual([])
})
