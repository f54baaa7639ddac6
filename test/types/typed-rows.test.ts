import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { rowValidator, type StandardSchema } from '../../src/client/typed-rows.ts'
import { OptionsError, RowValidationError, UnsupportedError } from '../../src/errors.ts'

const trade = z.object({ symbol: z.string(), price: z.number(), at: z.date().nullable() })

function failure(schema: StandardSchema, rows: Record<string, unknown>[], first = 0): RowValidationError {
  try {
    rowValidator(schema)(rows, first)
  } catch (error) {
    if (error instanceof RowValidationError) return error
    throw error
  }
  throw new Error('every row was accepted')
}

describe('rows validated with a zod schema', () => {
  it('come out as the schema makes them', () => {
    const schema = trade.extend({ price: z.coerce.number().transform((price) => price * 100) })
    const rows = rowValidator(schema)([{ symbol: 'BTC', price: '1.5', at: null }], 0)
    expect(rows).toEqual([{ symbol: 'BTC', price: 150, at: null }])
  })

  it('are refused with row, column and value', () => {
    const good = { symbol: 'BTC', price: 1, at: null }
    const error = failure(trade, [good, { ...good, price: 'much' }], 8192)
    expect(error).toMatchObject({ code: 'INVALID_ROW', row: 8193, column: 'price', value: 'much' })
    expect(error.message).toMatch(/^Row 8193, column price: "much" does not fit: .*number/)
  })

  it('are refused with the path of a nested value, and how many problems there are', () => {
    const schema = z.object({ orders: z.array(z.object({ id: z.bigint(), tag: z.string() })) })
    const error = failure(schema, [
      {
        orders: [
          { id: 1n, tag: 'a' },
          { id: 2, tag: null },
        ],
      },
    ])
    expect(error).toMatchObject({ column: 'orders[1].id', value: 2 })
    expect(error.message).toMatch(/\(and 1 more\)/)
  })

  it('are refused with the value within a map', () => {
    const schema = z.object({ tags: z.map(z.string(), z.string()) })
    const error = failure(schema, [
      {
        tags: new Map<string, unknown>([
          ['a', 'x'],
          ['b', 5],
        ]),
      },
    ])
    expect(error).toMatchObject({ column: 'tags.b', value: 5 })
  })

  it('are refused as a whole when the schema says so', () => {
    const schema = trade.refine((row) => row.price > 0, 'price must be positive')
    const error = failure(schema, [{ symbol: 'BTC', price: 0, at: null }])
    expect(error).toMatchObject({ column: '', row: 0 })
    expect(error.message).toMatch(/^Row 0: an object \(Object\) does not fit: price must be positive/)
  })
})

describe('other schemas', () => {
  const standard = (validate: StandardSchema['~standard']['validate']): StandardSchema => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })

  it('of the Standard Schema interface work, functions included', () => {
    const callable = Object.assign(
      () => {},
      standard((row) => ({ value: Object.keys(row as object) })),
    )
    expect(rowValidator(callable)([{ a: 1 }], 0)).toEqual([['a']])
  })

  it('may give path steps as objects', () => {
    const schema = standard(() => ({ issues: [{ message: 'no', path: [{ key: 'a' }, { key: 0 }] }] }))
    expect(failure(schema, [{ a: ['x'] }])).toMatchObject({ column: 'a[0]', value: 'x' })
  })

  it('that validate asynchronously are refused, without an unhandled rejection', () => {
    const schema = standard(async () => {
      throw new Error('late')
    })
    expect(() => rowValidator(schema)([{}], 0)).toThrow(UnsupportedError)
  })

  it('whose functions throw are refused with words that fit that, too', () => {
    const schema = z.object({ a: z.number() }).transform(() => {
      throw new Error('thrown')
    })
    expect(() => rowValidator(schema)([{ a: 1 }], 0)).toThrow(/asynchronously, or a function of it threw/)
  })

  it('that are none are refused at once', () => {
    for (const nothing of [undefined, null, {}, { parse: () => 1 }]) {
      expect(() => rowValidator(nothing as never)).toThrow(OptionsError)
    }
  })
})
