import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { rowsFromIpc } from '../../src/arrow/ipc-stream.ts'
import { frameIpcStream } from '../../src/arrow/ipc-writer.ts'
import { field, NO_METADATA } from '../../src/arrow/schema.ts'
import { typesSource } from '../../src/cli/types-source.ts'
import { rareSampleColumns, sampleColumns } from '../arrow-write/sample-columns.ts'
import { AllTypesSchema, FinanceOddNamesSchema } from './generated.ts'
import { SAMPLE_DATASETS } from './sample-datasets.ts'

const GENERATED = new URL('./generated.ts', import.meta.url)

/** `generated.ts` is what the generator gives for the sample, with two lines that the repository needs. */
function asCommitted(source: string): string {
  return `// biome-ignore-all format: as generated\n// biome-ignore-all assist/source/organizeImports: as generated\n${source.replace("'spice-sidecar'", "'../../src/index.ts'")}`
}

describe('the generated module', () => {
  it('is the one the compiler checks with this repository', () => {
    expect(asCommitted(typesSource(SAMPLE_DATASETS))).toBe(readFileSync(GENERATED, 'utf8'))
  })

  it('does not depend on the order of the catalog', () => {
    expect(typesSource([...SAMPLE_DATASETS].reverse())).toBe(typesSource(SAMPLE_DATASETS))
  })

  it('has schemas that take the rows of their dataset as they are read', () => {
    const samples = [...sampleColumns(), ...rareSampleColumns()]
    const schema = { fields: samples.map((sample) => sample.field), metadata: NO_METADATA }
    const batch = { length: 3, columns: samples.map((sample) => sample.column) }
    const rows = rowsFromIpc(new Uint8Array(Buffer.concat([...frameIpcStream(schema, [batch])])))
    for (const row of rows) expect(AllTypesSchema.parse(row)).toEqual(row)
  })

  it('checks columns of odd names', () => {
    const row = {
      'two words': null,
      'quote\'"': null,
      same: 'x',
      'same:1': true,
      class: null,
      '': '',
    }
    expect(FinanceOddNamesSchema.parse(row)).toEqual(row)
    expect(FinanceOddNamesSchema.safeParse({ ...row, 'same:1': 'no' }).success).toBe(false)
  })

  it('is TypeScript whatever characters names have', () => {
    // Figures and signs that Unicode counts among letters and numbers, but that no identifier may have.
    const names = [
      'area_m²',
      '½',
      '①a',
      'a\u2e2f',
      'µg',
      'e\u0301',
      'a\u200db',
      '\ud800',
      '日本',
      '😀',
      '\n*/',
      '`$x`',
    ]
    const fields = names.map((name) => field(name, { kind: 'utf8' }))
    const source = typesSource(names.map((name) => ({ name, schema: { fields, metadata: NO_METADATA } })))
    const { diagnostics } = ts.transpileModule(source, { reportDiagnostics: true })
    expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([])
    expect(source).toContain("  'area_m²': string | null\n")
    expect(source).toContain('export interface AreaM {')
  })

  it('needs no imports without datasets', () => {
    expect(typesSource([])).not.toMatch(/import/)
    expect(typesSource([])).toMatch(/export interface Datasets \{\n\}/)
  })

  it('follows the values options', () => {
    const fields = [
      field('a', { kind: 'int', bitWidth: 64, signed: true }, false),
      field('b', { kind: 'decimal', bitWidth: 128, precision: 9, scale: 2 }, false),
      field('c', { kind: 'timestamp', unit: 'second', timezone: null }, false),
    ]
    const source = (values: Parameters<typeof typesSource>[1]) =>
      typesSource([{ name: 't', schema: { fields, metadata: NO_METADATA } }], values).replace(
        / *\/\*\*.*\n/g,
        '',
      )
    expect(source({})).toMatch(/a: bigint\n {2}b: string\n {2}c: Timestamp\n/)
    expect(source({ int64: 'number', decimal: 'number', timestamp: 'string' })).toMatch(
      /a: number\n {2}b: number\n {2}c: string\n/,
    )
    expect(source({ int64: 'string', timestamp: 'date' })).toMatch(/a: string\n {2}b: string\n {2}c: Date\n/)
    expect(source({ timestamp: 'bigint' })).not.toMatch(/spice-sidecar'/)
  })
})
