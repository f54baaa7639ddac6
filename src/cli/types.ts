import { readFile, writeFile } from 'node:fs/promises'
import type { ValueOptions } from '../arrow/values-options.ts'
import { connect } from '../client/connect.ts'
import { OptionsError } from '../errors.ts'
import {
  CONNECTION_FLAGS,
  CONNECTION_HELP,
  choiceFlag,
  connectionOptions,
  interruptSignal,
  parseCommand,
} from './arguments.ts'
import { readCatalog } from './catalog.ts'
import { writeText } from './output.ts'
import { typesSource } from './types-source.ts'

const HELP = `Usage: spice-sidecar types [options]

Reads the runtime's catalog and writes a TypeScript module: an interface and a zod schema for the rows
of every dataset, and an interface Datasets that has them by name.

  spice-sidecar types --out src/datasets.ts
  spice.query<Datasets['trades']>('SELECT * FROM trades')

  --out FILE            write here instead of to standard output; an unchanged file is left alone
  --check               write nothing; exit with 1 when FILE is not up to date
  --internal            include the tables of the runtime itself
  --int64 V             bigint, number or string: as in the application's option values.int64
  --decimal V           string or number
  --timestamp V         timestamp, bigint, string or date
${CONNECTION_HELP}
`

const FLAGS = {
  ...CONNECTION_FLAGS,
  out: { type: 'string' },
  check: { type: 'boolean', default: false },
  internal: { type: 'boolean', default: false },
  int64: { type: 'string', default: 'bigint' },
  decimal: { type: 'string', default: 'string' },
  timestamp: { type: 'string', default: 'timestamp' },
} as const

const INT64 = ['bigint', 'number', 'string'] as const
const DECIMAL = ['string', 'number'] as const
const TIMESTAMP = ['timestamp', 'bigint', 'string', 'date'] as const

/** The `types` command. */
export async function types(argv: string[]): Promise<number> {
  const { values, positionals } = parseCommand('types', argv, FLAGS)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [extra] = positionals
  if (extra !== undefined)
    throw new OptionsError(`types takes no ${JSON.stringify(extra)}; a file goes after --out.`)
  if (values.check && values.out === undefined)
    throw new OptionsError('--check needs --out FILE to compare with.')
  const shapes: ValueOptions = {
    int64: choiceFlag('int64', values.int64, INT64),
    decimal: choiceFlag('decimal', values.decimal, DECIMAL),
    timestamp: choiceFlag('timestamp', values.timestamp, TIMESTAMP),
  }
  const { signal, done } = interruptSignal()
  try {
    const spice = await connect({ ...connectionOptions(values), signal })
    try {
      const datasets = await readCatalog(spice, { internal: values.internal, signal })
      const source = typesSource(datasets, shapes)
      if (values.out !== undefined) return await update(values.out, source, datasets.length, values.check)
      await writeText(source)
      return 0
    } finally {
      await spice.close()
    }
  } finally {
    done()
  }
}

async function update(file: string, source: string, datasets: number, check: boolean): Promise<number> {
  const current = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  // A checkout on Windows may have turned every line end into two characters.
  if (current?.replaceAll('\r\n', '\n') === source) {
    console.error(`spice-sidecar: ${file} is up to date`)
    return 0
  }
  if (check) {
    console.error(`spice-sidecar: ${file} is not up to date with the catalog; run without --check`)
    return 1
  }
  await writeFile(file, source)
  console.error(`spice-sidecar: wrote the types of ${datasets} datasets to ${file}`)
  return 0
}
