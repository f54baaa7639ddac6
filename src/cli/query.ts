import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { rowKeys } from '../arrow/row-keys.ts'
import { connect } from '../client/connect.ts'
import type { Query } from '../client/query.ts'
import type { Row } from '../client/result.ts'
import { OptionsError } from '../errors.ts'
import {
  CONNECTION_FLAGS,
  CONNECTION_HELP,
  choiceFlag,
  connectionOptions,
  interruptSignal,
  numberFlag,
  parseCommand,
} from './arguments.ts'
import { LineOutput, writeText } from './output.ts'
import { csvLines, jsonText, tableLines } from './row-format.ts'

const FORMATS = ['table', 'json', 'csv', 'arrow'] as const

const HELP = `Usage: spice-sidecar query "SQL" [options]

Runs one statement and prints its rows as they arrive. "-" reads the statement from standard input.

  spice-sidecar query "SELECT * FROM trades LIMIT 5"
  spice-sidecar query "SELECT * FROM trades WHERE symbol = \\$1" --param BTC --format json
  spice-sidecar query "SELECT * FROM trades" --format arrow > trades.arrows

  --param VALUE         the value of $1, $2, … in turn: JSON where it parses (5, true, null, "5"),
                        otherwise the text itself; @FILE reads the text from a file
  --format F            table, json, csv or arrow (default table on a terminal, otherwise json)
  --transport T         flight or http (default: Flight where there is one)
  --timeout S           seconds to wait for the next rows (default 60)
  --cache DIRECTIVE     Cache-Control of the request, such as no-cache
${CONNECTION_HELP}
`

const FLAGS = {
  ...CONNECTION_FLAGS,
  param: { type: 'string', multiple: true },
  format: { type: 'string' },
  transport: { type: 'string' },
  timeout: { type: 'string' },
  cache: { type: 'string' },
} as const

/** The `query` command. */
export async function query(argv: string[]): Promise<number> {
  const { values, positionals } = parseCommand('query', argv, FLAGS)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const sql = await readStatement(positionals)
  const format = choiceFlag('format', values.format ?? (process.stdout.isTTY ? 'table' : 'json'), FORMATS)
  if (format === 'arrow' && process.stdout.isTTY) {
    throw new OptionsError('Arrow is binary and standard output is a terminal; redirect it to a file.')
  }
  const transport =
    values.transport === undefined ? undefined : choiceFlag('transport', values.transport, ['flight', 'http'])
  const timeout = numberFlag('timeout', values.timeout, { min: 0.001, max: 86_400 })
  const parameters = await Promise.all((values.param ?? []).map(readParameter))
  const { signal, done } = interruptSignal()
  try {
    const spice = await connect({ ...connectionOptions(values), signal })
    try {
      const asked = spice.query(sql, parameters.length > 0 ? parameters : undefined, {
        transport,
        signal,
        cache: values.cache,
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      })
      await print(asked, format)
      for (const warning of asked.warnings) console.error(`spice-sidecar: ${warning}`)
    } finally {
      await spice.close()
    }
  } finally {
    done()
  }
  return 0
}

async function readStatement(positionals: string[]): Promise<string> {
  if (positionals.length !== 1) {
    const reason = positionals.length === 0 ? 'Give a statement' : 'Give one statement, in quotes'
    throw new OptionsError(`${reason}: spice-sidecar query "SELECT 1"\nspice-sidecar query --help explains.`)
  }
  const sql = positionals[0] === '-' ? await readAll(process.stdin) : positionals[0]!
  if (sql.trim() === '') throw new OptionsError('The statement is empty.')
  return sql
}

async function readParameter(text: string): Promise<unknown> {
  if (text.startsWith('@')) {
    return readFile(text.slice(1), 'utf8').catch((cause: Error) => {
      throw new OptionsError(`--param ${text}: ${cause.message}`, { cause })
    })
  }
  // Integers beyond 2^53 must not lose digits on their way through JSON.parse.
  if (/^-?\d{16,}$/.test(text)) return BigInt(text)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function print(asked: Query<Row>, format: (typeof FORMATS)[number]): Promise<void> {
  if (format === 'arrow') {
    const { RecordBatchStreamWriter } = await import('apache-arrow')
    const writer = new RecordBatchStreamWriter()
    const copied = (async () => {
      for await (const chunk of writer) await writeText(chunk)
    })()
    for await (const batch of asked.batches()) writer.write(batch)
    writer.finish()
    return copied
  }
  const columns = () => rowKeys(asked.schema?.fields ?? [])
  const output = new LineOutput()
  try {
    if (format === 'table') {
      for await (const line of tableLines(asked, columns)) await output.write(`${line}\n`)
    } else if (format === 'json') {
      let separator = '[\n'
      for await (const row of asked) {
        await output.write(`${separator}${jsonText(row)}`)
        separator = ',\n'
      }
      await output.write(separator === '[\n' ? '[]\n' : '\n]\n')
    } else {
      for await (const line of csvLines(asked, columns)) await output.write(line)
    }
  } finally {
    await output.end()
  }
}
