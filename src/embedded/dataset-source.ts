import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { OptionsError } from '../errors.ts'
import type { DatasetDefinition } from './spicepod/definition.ts'

/** The file or directory a dataset reads, and the SQL that reads it. */
export interface DatasetSource {
  readonly path: string
  readonly isDirectory: boolean
  /** A table function call, to stand after FROM. */
  readonly relation: string
}

type Parameters = NonNullable<DatasetDefinition['params']>

const EXTENSIONS: Record<string, Parameters['file_format']> = {
  '.parquet': 'parquet',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'ndjson',
}

/**
 * Resolves `from: file:…` against `directory`. Throws `OptionsError` naming the dataset when it is not a
 * file, does not exist, or has a format this runtime cannot read.
 */
export function datasetSource(definition: DatasetDefinition, directory: string): DatasetSource {
  const { name, from, params = {} } = definition
  const match = /^file:(?:\/\/)?(.+)$/s.exec(from)
  if (!match) {
    throw new OptionsError(
      `dataset ${name}: from: ${from}: the embedded runtime reads files only, as file:PATH`,
    )
  }
  const path = resolve(directory, match[1])
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new OptionsError(`dataset ${name}: there is no file ${path} (from: ${from})`)
  const format = params.file_format ?? EXTENSIONS[extname(path.replace(/\.(gz|zst)$/i, '')).toLowerCase()]
  if (!format) {
    throw new OptionsError(
      `dataset ${name}: cannot tell the format of ${path}; set params.file_format to parquet, csv, tsv, json or jsonl`,
    )
  }
  const isDirectory = found.isDirectory()
  const files = quoteString(isDirectory ? `${path}/*.${format}` : path)
  return { path, isDirectory, relation: reader(format, files, params) }
}

function reader(format: NonNullable<Parameters['file_format']>, files: string, params: Parameters): string {
  const options: string[] = []
  const compression = params.file_compression_type?.toLowerCase()
  if (compression) options.push(`compression = ${quoteString(compression)}`)
  if (format === 'parquet') return `read_parquet(${files})`
  if (format === 'csv' || format === 'tsv') {
    const delimiter = params.csv_delimiter ?? (format === 'tsv' ? '\t' : undefined)
    if (delimiter) options.push(`delim = ${quoteString(delimiter)}`)
    if (params.csv_has_header) options.push(`header = ${params.csv_has_header}`)
    if (params.csv_quote) options.push(`quote = ${quoteString(params.csv_quote)}`)
    if (params.csv_escape) options.push(`escape = ${quoteString(params.csv_escape)}`)
    const sample = params.csv_schema_infer_max_records ?? params.schema_infer_max_records
    if (sample) options.push(`sample_size = ${sample}`)
    return `read_csv(${[files, ...options].join(', ')})`
  }
  if (format !== 'json') options.push(`format = 'newline_delimited'`)
  return `read_json(${[files, ...options].join(', ')})`
}

export function quoteString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
