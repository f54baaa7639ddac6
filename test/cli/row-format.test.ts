import { describe, expect, test } from 'vitest'
import { csvLines, jsonText, tableLines } from '../../src/cli/row-format.ts'
import { fitText, textWidth } from '../../src/cli/text-width.ts'
import type { Row } from '../../src/client/result.ts'

async function* each(rows: Row[]): AsyncGenerator<Row> {
  yield* rows
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = []
  for await (const line of lines) collected.push(line)
  return collected
}

function lines(rows: Row[], columns = Object.keys(rows[0] ?? {})): Promise<string[]> {
  return all(tableLines(each(rows), () => columns))
}

describe('a table', () => {
  test('aligns what takes two columns of the terminal, or none', async () => {
    const shown = await lines([
      { text: '漢字', n: 1n },
      { text: '👩‍👩‍👧 ok', n: 20n },
      { text: 'e\u0301', n: 3n },
    ])
    expect(shown).toEqual([
      'text   n',
      '-----  --',
      '漢字    1',
      '👩‍👩‍👧 ok  20',
      'e\u0301       3',
      '(3 rows)',
    ])
  })

  test('puts figures to the right, also below a null', async () => {
    expect(await lines([{ n: null }, { n: 1 }])).toEqual(['n', '----', 'NULL', '   1', '(2 rows)'])
  })

  test('lets neither a value nor a name of a column control the terminal', async () => {
    const hostile = '\x1b[31m\x9b1m\x7f\u202e\u2066\r\n'
    const shown = (await lines([{ [hostile]: hostile }])).join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    expect(shown).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e\u2066]/)
    expect(shown).toContain('\\u001b[31m\\u009b1m\\u007f\\u202e\\u2066\\r\\n')
  })

  test('cuts long texts between characters, whatever their size', async () => {
    const [, , row] = await lines([{ text: `a${'👩‍👩‍👧'.repeat(1_000_000)}` }])
    expect(row).toBe(`a${'👩‍👩‍👧'.repeat(29)}…`)
  })
})

describe('the width of a text', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['naïve', 5],
    ['漢字', 4],
    ['한국어', 6],
    ['ｆｕｌｌ', 8],
    ['👍🏽', 2],
    ['☀️', 2],
    ['\u200b', 0],
  ])('%j is %i', (text, width) => expect(textWidth(text)).toBe(width))

  test('is kept when a text is cut', () => {
    expect(fitText('漢字漢字', 8)).toBe('漢字漢字')
    expect(fitText('漢字漢字', 7)).toBe('漢字漢…')
    expect(fitText('abcdef', 4)).toBe('abc…')
  })
})

test('CSV tells null from an empty text', async () => {
  const rows = [{ a: '', b: null, c: ',' }]
  expect(await all(csvLines(each(rows), () => ['a', 'b', 'c']))).toEqual(['a,b,c\r\n', '"",,","\r\n'])
})

test('JSON keeps every digit, and NaN and infinities by name', () => {
  const row = { i: 2n ** 63n, f: [Number.NaN, -Infinity, 1.5, null], m: new Map([[1, 'x']]) }
  expect(jsonText(row)).toBe('{"i":9223372036854775808,"f":["NaN","-Infinity",1.5,null],"m":[[1,"x"]]}')
})
