import { describe, expect, it } from 'vitest'
import { columnsFromRows } from '../../src/arrow/columns-from-values.ts'
import { type DataType, type Field, field, NO_METADATA } from '../../src/arrow/schema.ts'
import { Timestamp } from '../../src/arrow/timestamp.ts'
import { RowValidationError } from '../../src/errors.ts'
import { int, mapType, type Rows, utf8 } from './read-back.ts'

describe('values that do not fit', () => {
  const refusal = (fields: Field[], rows: Rows): RowValidationError => {
    try {
      columnsFromRows({ fields, metadata: NO_METADATA }, rows, 100)
    } catch (error) {
      if (error instanceof RowValidationError) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  it.each<[DataType, unknown, RegExp]>([
    [int(8), 128, /128 is out of range/],
    [int(64, false), -1n, /-1n is out of range/],
    [int(64), 2 ** 53, /give a bigint/],
    [int(64), 1.5, /not a whole number/],
    [int(64), '1.5', /not the text of a whole number/],
    [int(64), true, /true is not a number/],
    [{ kind: 'bool' }, 1, /not a boolean/],
    [utf8, 5, /5 is not a string/],
    [utf8, 'a\ud800', /half a surrogate/],
    [{ kind: 'float', bitWidth: 64 }, '5', /"5" is not a number/],
    [{ kind: 'binary' }, 'ff', /not a Uint8Array/],
    [{ kind: 'fixedSizeBinary', byteWidth: 4 }, Uint8Array.of(1), /1 bytes are not the 4 bytes/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, '100', /more than 4 digits/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, '1.005', /more digits after the point/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, 'abc', /not a decimal number/],
    [{ kind: 'decimal', bitWidth: 128, precision: 4, scale: 2 }, Number.NaN, /not a decimal number/],
    [{ kind: 'date', unit: 'day' }, '2023-02-30', /not a day/],
    [{ kind: 'date', unit: 'day' }, new Date('2024-01-01T12:00Z'), /time of day/],
    [{ kind: 'date', unit: 'day' }, '+5881580-07-12', /out of range/],
    [{ kind: 'date', unit: 'millisecond' }, '+292278994-08-18', /out of range/],
    [{ kind: 'date', unit: 'millisecond' }, '1970-01-01T00:00:00.0001Z', /digits below a millisecond/],
    [{ kind: 'float', bitWidth: 32 }, 1e39, /out of range/],
    [{ kind: 'float', bitWidth: 32 }, 2 ** 128 - 2 ** 103, /out of range/],
    [{ kind: 'float', bitWidth: 32 }, 2n ** 24n + 1n, /more digits than a float/],
    [{ kind: 'float', bitWidth: 16 }, 65_520, /out of range/],
    [{ kind: 'float', bitWidth: 64 }, 2n ** 53n + 1n, /more digits than a float/],
    [{ kind: 'decimal', bitWidth: 32, precision: 12, scale: 0 }, '4294967296', /out of range/],
    [{ kind: 'time', unit: 'second', bitWidth: 32 }, '12:00:00.5', /digits below a second/],
    [
      { kind: 'timestamp', unit: 'millisecond', timezone: null },
      Timestamp.fromEpochNanoseconds(1n),
      /below a millisecond/,
    ],
    [{ kind: 'timestamp', unit: 'nanosecond', timezone: null }, '9999-01-01', /out of range/],
    [
      { kind: 'timestamp', unit: 'second', timezone: 'Europe/Berlin' },
      '2024-01-01T00:00:00',
      /no zone offset/,
    ],
    [{ kind: 'timestamp', unit: 'second', timezone: null }, 5, /neither a Date/],
    [{ kind: 'interval', unit: 'yearMonth' }, { days: 1 }, /more than months/],
    [{ kind: 'interval', unit: 'monthDayNano' }, { hours: 1 }, /not an interval/],
    [{ kind: 'interval', unit: 'monthDayNano' }, [1, 2, 3], /not an interval/],
    [{ kind: 'interval', unit: 'monthDayNano' }, new Date(1), /not an interval/],
    [{ kind: 'struct', children: [field('a', utf8)] }, new Map([['a', 'x']]), /not an object/],
    [mapType, new Set(['a']), /neither a Map nor an object/],
    [mapType, new Date(1), /neither a Map nor an object/],
    [{ kind: 'fixedSizeList', size: 2, child: field('item', utf8) }, ['a'], /has 1 items/],
    [{ kind: 'struct', children: [field('a', utf8)] }, { a: 'x', b: 'y' }, /"b" that the struct lacks/],
    [{ kind: 'null' }, 1, /type Null/],
    [
      { kind: 'union', mode: 'dense', typeIds: [0], children: [field('a', int(8))] },
      'x',
      /none of the types/,
    ],
  ])('%o refuses %o', (type, value, message) => {
    const error = refusal([field('column', type)], [{ column: null }, { column: value }])
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({ code: 'INVALID_ROW', row: 101, column: 'column' })
    expect(error.value).toBe(value)
  })

  it('are named by their path', () => {
    const nested = field('orders', {
      kind: 'list',
      child: field('item', {
        kind: 'struct',
        children: [field('id', int(32)), field('tags', { kind: 'list', child: field('item', utf8) })],
      }),
    })
    const error = refusal(
      [nested],
      [
        {
          orders: [
            { id: 1, tags: [] },
            { id: 2, tags: ['a'] },
          ],
        },
        { orders: null },
        { orders: [{ id: 3 }, { id: 4, tags: ['b', 5] }] },
      ],
    )
    expect(error.message).toBe('Row 102, column orders[1].tags[1]: 5 is not a string.')
  })

  it('include null where the field is not nullable', () => {
    expect(refusal([field('a', utf8, false)], [{}]).message).toMatch(
      /Row 100, column a: undefined .* not nullable/,
    )
    const struct = field('s', { kind: 'struct', children: [field('a', utf8, false)] })
    expect(refusal([struct], [{ s: null }, { s: { a: null } }]).message).toMatch(/Row 101, column s\.a/)
  })

  it('include properties without a column, inherited ones for columns, and rows that are none', () => {
    expect(refusal([field('a', utf8)], [{ a: 'x', b: 'y' }]).message).toMatch(/column b: "y" has no column/)
    expect(refusal([field('toString', utf8, false)], [{}]).message).toMatch(/undefined/)
    expect(refusal([field('a', utf8)], [['x'] as never]).message).toMatch(/is not a row/)
    expect(refusal([field('a', utf8)], [new Map([['a', 'x']]) as never]).message).toMatch(/is not a row/)
    expect(refusal([field('a', utf8)], [null as never]).message).toMatch(/is not a row/)
  })

  it('include more distinct values than a dictionary can index', () => {
    const type: DataType = { kind: 'dictionary', id: 0n, index: int(8), value: utf8, ordered: false }
    const rows = Array.from({ length: 129 }, (_, i) => ({ column: `value ${i}` }))
    expect(() =>
      columnsFromRows({ fields: [field('column', type)], metadata: NO_METADATA }, rows.slice(1)),
    ).not.toThrow()
    expect(refusal([field('column', type)], rows).message).toMatch(/dictionary indices/)
  })
})
