import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { type RowOf, rowValidator } from '../../src/client/typed-rows.ts'

test('rows have the type the schema makes', () => {
  const schema = z.object({
    symbol: z.string(),
    price: z.string().transform(Number),
    at: z.date().nullable(),
  })
  expectTypeOf<RowOf<typeof schema>>().toEqualTypeOf<{ symbol: string; price: number; at: Date | null }>()
  expectTypeOf(rowValidator(schema)([], 0)).toEqualTypeOf<
    { symbol: string; price: number; at: Date | null }[]
  >()
})

test('what is no schema does not compile', () => {
  // @ts-expect-error a plain object has no ~standard
  const refused = () => rowValidator({ parse: () => 1 })
  expectTypeOf(refused).toBeFunction()
})
