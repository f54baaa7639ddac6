import { type Field, field, NO_METADATA } from '../../src/arrow/schema.ts'
import type { DatasetSchema } from '../../src/cli/types-source.ts'
import { rareSampleColumns, sampleColumns } from '../arrow-write/sample-columns.ts'

const described = (of: Field, description: string): Field => ({
  ...of,
  metadata: new Map([['description', description]]),
})
const price = field('price', { kind: 'decimal', bitWidth: 128, precision: 18, scale: 4 })

/** Datasets whose names, columns and types try what the generator has to cope with. */
export const SAMPLE_DATASETS: readonly DatasetSchema[] = [
  {
    name: 'trades',
    schema: {
      fields: [
        described(field('symbol', { kind: 'utf8' }, false), 'Ticker, such as\n BTC */ not the end'),
        field('size', { kind: 'int', bitWidth: 64, signed: true }, false),
        price,
        field('time', { kind: 'timestamp', unit: 'nanosecond', timezone: 'UTC' }, false),
      ],
      metadata: new Map([['comment', 'Every trade since 2020']]),
    },
  },
  {
    name: 'all_types',
    schema: {
      fields: [...sampleColumns(), ...rareSampleColumns()].map((sample) => sample.field),
      metadata: NO_METADATA,
    },
  },
  {
    name: 'finance.odd-names',
    schema: {
      fields: [
        field('__proto__', { kind: 'utf8' }),
        field('two words', { kind: 'utf8' }),
        field('quote\'"', { kind: 'utf8' }),
        field('same', { kind: 'utf8' }),
        field('same', { kind: 'bool' }),
        field('class', { kind: 'utf8' }),
        field('', { kind: 'utf8' }),
      ],
      metadata: NO_METADATA,
    },
  },
  { name: 'map', schema: { fields: [], metadata: NO_METADATA } },
  { name: '2024 trades', schema: { fields: [price], metadata: NO_METADATA } },
  { name: '2024-trades', schema: { fields: [price], metadata: NO_METADATA } },
]
