import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType } from '@duckdb/node-api'
import { Metadata, status } from '@grpc/grpc-js'
import type { DecodedBatch } from '../../arrow/decoded-batch.ts'
import type { RowObject } from '../../arrow/object-builder.ts'
import { rowKeys } from '../../arrow/row-keys.ts'
import { StreamDecoder } from '../../arrow/stream-decoder.ts'
import type { FlightDataParts } from '../../flight/flight-data.ts'
import { quoteName } from '../dataset-source.ts'
import type { Dataset } from '../datasets.ts'
import { DECODED_VALUES, type DuckDBMapping, duckdbMapping, duckdbValue } from '../duckdb-arrow/from-arrow.ts'
import { engineErrorFrom } from '../engine/engine-error.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { tableSchema } from './catalog-tables.ts'
import { FlightError, invalidArgument } from './flight-error.ts'
import type { PutStream } from './put-stream.ts'
import { matchColumns } from './schema-match.ts'

/** The runtime's limit, for all clients together. */
const UPLOADS_PER_MINUTE = 100
const MINUTE_MS = 60_000
/** Rows of a DuckDB chunk. */
const CHUNK_ROWS = 2048

/** Rows that clients append to datasets. An upload is one transaction: all of its rows or none. */
export class Ingestion {
  private readonly context: RuntimeContext
  private readonly startedAt: number[] = []

  constructor(context: RuntimeContext) {
    this.context = context
  }

  /**
   * Reads the upload to its end and commits it. Throws `FlightError` (INVALID_ARGUMENT for a dataset that
   * is not writable or another schema, RESOURCE_EXHAUSTED for too many uploads), `ProtocolError`,
   * `ArrowConversionError`.
   */
  async append(
    path: readonly string[],
    first: FlightDataParts,
    upload: PutStream,
    signal: AbortSignal,
  ): Promise<void> {
    this.takeTurn()
    const { engine, datasets } = this.context
    const dataset = path.length > 0 && path.length <= 3 ? datasets.find(path.join('.')) : undefined
    if (!dataset?.writable) {
      throw invalidArgument(`Path doesn't exist or is not writable: ${path.join('.')}`)
    }
    if (first.header.length === 0) throw invalidArgument('The first message has to carry the schema')
    const decoder = new StreamDecoder({ values: DECODED_VALUES })
    decoder.push(first.header, first.body)
    const expected = await tableSchema(engine, ['spice', dataset.schema, dataset.table])
    const sent = decoder.schema!
    const order = matchColumns(expected, sent)
    const columns = order.map((index) => duckdbMapping(sent.fields[index].type))
    const keys = rowKeys(sent.fields)
    const connection = await engine.instance.connect()
    const interrupt = () => connection.interrupt()
    signal.addEventListener('abort', interrupt, { once: true })
    const rows = new RowBuffer(
      connection,
      columns,
      order.map((index) => keys[index]),
    )
    try {
      await rows.open(expected.fields.map((field) => field.name))
      for (let message = await upload.next(); message !== null; message = await upload.next()) {
        if (message.header.length === 0) continue
        const batch = decoder.push(message.header, message.body)
        if (batch === null) throw invalidArgument('Send plain arrays: dictionaries are not taken in')
        rows.append(batch)
      }
      await rows.commitTo(dataset)
      engine.onDataChanged()
    } finally {
      signal.removeEventListener('abort', interrupt)
      rows.discard()
      // Closing the connection rolls back what was not committed.
      connection.disconnectSync()
    }
  }

  private takeTurn(): void {
    const now = performance.now()
    while (this.startedAt.length > 0 && now - this.startedAt[0] > MINUTE_MS) this.startedAt.shift()
    if (this.startedAt.length < UPLOADS_PER_MINUTE) {
      this.startedAt.push(now)
      return
    }
    const metadata = new Metadata()
    metadata.set('retry-after', String(Math.ceil((MINUTE_MS - (now - this.startedAt[0])) / 1000)))
    throw new FlightError(
      status.RESOURCE_EXHAUSTED,
      `More than ${UPLOADS_PER_MINUTE} uploads within a minute; try again later`,
      metadata,
    )
  }
}

/**
 * Rows on their way into a dataset: first into a temporary table of the types they came in, then by one
 * INSERT, which turns them into the dataset's own types (a Utf8 into a UUID, a decimal into a HUGEINT).
 */
class RowBuffer {
  private readonly connection: DuckDBConnection
  private readonly columns: readonly DuckDBMapping[]
  private readonly keys: readonly string[]
  private readonly types: readonly DuckDBType[]
  private names: readonly string[] = []
  private appender: Awaited<ReturnType<DuckDBConnection['createAppender']>> | null = null

  constructor(connection: DuckDBConnection, columns: readonly DuckDBMapping[], keys: readonly string[]) {
    this.connection = connection
    this.columns = columns
    this.keys = keys
    this.types = columns.map((column) => column.type)
  }

  async open(names: readonly string[]): Promise<void> {
    this.names = names.map(quoteName)
    await this.connection.run('BEGIN TRANSACTION')
    const definitions = this.names.map((name, index) => `${name} ${this.types[index]}`)
    await this.connection.run(`CREATE TEMP TABLE upload (${definitions.join(', ')})`)
    this.appender = await this.connection.createAppender('upload', 'main', 'temp')
  }

  append(batch: DecodedBatch): void {
    const rows: RowObject[] = []
    batch.appendRows(rows)
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      const part = rows.slice(start, start + CHUNK_ROWS)
      const chunk = DuckDBDataChunk.create(this.types, part.length)
      chunk.setColumns(
        this.columns.map((column, index) => {
          const key = this.keys[index]
          return part.map((row) => duckdbValue(column, row[key]))
        }),
      )
      this.appender!.appendDataChunk(chunk)
    }
  }

  /** Throws `FlightError` INVALID_ARGUMENT when a value does not fit, ABORTED after a conflict. */
  async commitTo({ schema, table }: Dataset): Promise<void> {
    this.appender!.closeSync()
    this.appender = null
    const target = `spice.${quoteName(schema)}.${quoteName(table)}`
    const columns = this.names.join(', ')
    try {
      await this.connection.run(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM temp.main.upload`)
      await this.connection.run('DROP TABLE temp.main.upload')
      await this.connection.run('COMMIT')
    } catch (error) {
      const { message } = engineErrorFrom(error)
      if (/^TransactionContext Error/.test(message)) throw new FlightError(status.ABORTED, message)
      throw error
    }
  }
  /** Drops what the appender still holds, so that its finalizer finds nothing to write. */
  discard(): void {
    this.appender?.clear()
    this.appender?.closeSync()
    this.appender = null
  }
}
