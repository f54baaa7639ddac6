import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { SidecarClient, Timestamp } from '../../src/index.ts'
import type { Datasets, Trades, TradesSchema } from './generated.ts'

declare const spice: SidecarClient

test('a dataset types the rows of a query', () => {
  const query = spice.query<Datasets['trades']>('SELECT * FROM trades')
  expectTypeOf<Awaited<typeof query>>().toEqualTypeOf<Trades[]>()
})

test('columns have the types of the values that are read', () => {
  expectTypeOf<Trades>().toEqualTypeOf<{
    symbol: string
    size: bigint
    price: string | null
    time: Timestamp
  }>()
})

test('the zod schema and the interface agree', () => {
  expectTypeOf<z.infer<typeof TradesSchema>>().toEqualTypeOf<Trades>()
})

test('datasets that do not exist do not compile', () => {
  expectTypeOf<keyof Datasets>().toEqualTypeOf<
    '2024 trades' | '2024-trades' | 'all_types' | 'finance.odd-names' | 'map' | 'trades'
  >()
})
