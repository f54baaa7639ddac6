import { columnsFromRows } from '../arrow/columns-from-values.ts'
import { encodeRecordBatch, encodeSchema } from '../arrow/ipc-writer.ts'
import { plainSchema } from '../arrow/plain-schema.ts'
import type { Schema } from '../arrow/schema.ts'
import {
  AuthenticationError,
  PermissionError,
  RowValidationError,
  SidecarError,
  TimeoutError,
  WriteError,
} from '../errors.ts'
import type { FlightCallOptions, FlightClient } from '../flight/flight-client.ts'
import { encodeFlightData } from '../flight/flight-data.ts'
import { DescriptorType } from '../flight/messages.generated.ts'
import { checkOptions, count, type Fields, milliseconds } from '../option-checks.ts'
import { QUERY_FIELDS } from '../options.ts'
import { RpcError } from '../transport/rpc-error.ts'
import { datasetPath, lookUpSchema } from './dataset-schema.ts'
import type { Row } from './result.ts'
import { checkSource, isRowArray, rowGroups, type WriteSource } from './write-source.ts'

export interface WriteOptions {
  signal?: AbortSignal
  /** Milliseconds the whole write may take, its source included. Default `Infinity`: no limit. */
  timeoutMs?: number
  /** Most rows in one batch. Default 8192; those whose message would be larger than 4 MiB are divided further. */
  batchRows?: number
  /** Milliseconds without rows from the source after which what there is gets sent. Default 30000. */
  idleMs?: number
}

export interface WriteResult {
  /** Rows written, all of them acknowledged. */
  rows: number
  batches: number
}

const DEFAULT_BATCH_ROWS = 8192
/** What gRPC servers take in one message unless they are told otherwise. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** Of a message around its header and body: tags and lengths. */
const FRAMING_BYTES = 16
/** The runtime gives up on an upload that is silent for 120 s. */
const DEFAULT_IDLE_MS = 30_000
const MAX_KNOWN_SCHEMAS = 256

const WRITE_FIELDS: Fields = {
  signal: QUERY_FIELDS.signal,
  timeoutMs: QUERY_FIELDS.timeoutMs,
  batchRows: count(1, 2 ** 31 - 1),
  idleMs: milliseconds(1),
}

/** Appends rows to datasets by DoPut, as plain arrays of the dataset's own schema. */
export class DatasetWriter {
  readonly #flight: FlightClient
  readonly #schemas = new Map<string, Schema>()

  constructor(flight: FlightClient) {
    this.#flight = flight
  }

  /**
   * Resolves once the runtime has acknowledged every row. Rows given as an array are checked before
   * anything is sent, others batch by batch. Rejects with `RowValidationError` for a row that does not fit
   * when nothing was sent yet; with `OptionsError` and `ParameterError` for arguments that cannot be used;
   * with `AuthenticationError` or `PermissionError` when the runtime refuses the key; and with `WriteError`,
   * which says how many rows are acknowledged, for everything else.
   */
  async write(dataset: string, source: WriteSource, options: WriteOptions = {}): Promise<WriteResult> {
    checkOptions(options, WRITE_FIELDS, 'write option')
    checkSource(source)
    const path = datasetPath(dataset)
    const deadline = performance.now() + (options.timeoutMs ?? Infinity)
    const rest = (): FlightCallOptions => ({
      signal: options.signal,
      timeoutMs: deadline === Infinity ? undefined : Math.max(0, deadline - performance.now()),
    })
    try {
      const schema = await this.#schemaOf(dataset, path, rest())
      if (isRowArray(source)) checkRows(schema, source, options.batchRows ?? DEFAULT_BATCH_ROWS)
      return await this.#send(dataset, path, schema, source, options, rest)
    } catch (error) {
      // The dataset may have been replaced by one of another schema.
      this.#schemas.delete(dataset)
      throw failure(dataset, error)
    }
  }

  async #schemaOf(dataset: string, path: readonly string[], options: FlightCallOptions): Promise<Schema> {
    const known = this.#schemas.get(dataset)
    if (known !== undefined) return known
    const found = await lookUpSchema(this.#flight, path, options)
    if (found === null) throw new WriteError(dataset, 0, 'the runtime has no dataset of this name')
    const schema = plainSchema(found)
    if (this.#schemas.size >= MAX_KNOWN_SCHEMAS) this.#schemas.clear()
    this.#schemas.set(dataset, schema)
    return schema
  }

  async #send(
    dataset: string,
    path: readonly string[],
    schema: Schema,
    source: WriteSource,
    options: WriteOptions,
    rest: () => FlightCallOptions,
  ): Promise<WriteResult> {
    const ending = new AbortController()
    const upload = new Upload(schema, source, options, ending.signal)
    const { timeoutMs } = rest()
    // The call has a deadline of its own, but begins only once the source has given a batch.
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(late(options)), timeoutMs)
    try {
      // Until the first batch is there, a row that does not fit costs the runtime nothing.
      if (!(await upload.prepare())) return { rows: 0, batches: 0 }
      await this.#flight.doPut(upload.messages(path), {
        ...rest(),
        onAnswer: () => {
          upload.answers++
        },
      })
    } catch (error) {
      if (upload.started) throw new WriteError(dataset, upload.acknowledgedRows, reasonOf(error), error)
      throw error
    } finally {
      clearTimeout(timer)
      ending.abort()
    }
    if (!upload.complete) {
      const reason = `the runtime ended the upload before all rows were sent`
      throw new WriteError(dataset, upload.acknowledgedRows, reason)
    }
    return { rows: upload.rows, batches: upload.sent.length }
  }
}

function late({ timeoutMs = 0 }: WriteOptions): TimeoutError {
  return new TimeoutError(`The write did not end within ${timeoutMs} ms (timeoutMs)`, timeoutMs)
}

/** One upload: what was sent, and what is known of its fate. */
class Upload {
  /** Rows of each batch sent. */
  readonly sent: number[] = []
  started = false
  answers = 0
  readonly #schema: Schema
  readonly #batches: AsyncGenerator<EncodedRows, void, undefined>
  #first: EncodedRows | null = null
  #exhausted = false

  constructor(schema: Schema, source: WriteSource, options: WriteOptions, stop: AbortSignal) {
    this.#schema = schema
    const { batchRows = DEFAULT_BATCH_ROWS, idleMs = DEFAULT_IDLE_MS } = options
    const given = options.signal === undefined ? stop : AbortSignal.any([stop, options.signal])
    this.#batches = encodedBatches(schema, rowGroups(source, idleMs, given), batchRows)
  }

  get rows(): number {
    return sum(this.sent)
  }

  /** Everything was sent, and a runtime that answers each batch answered all of them. */
  get complete(): boolean {
    return this.#exhausted && (this.answers <= 1 || this.answers >= this.sent.length)
  }

  get acknowledgedRows(): number {
    return sum(this.sent.slice(0, this.answers))
  }

  /** Encodes the first batch; false when there is no row at all. */
  async prepare(): Promise<boolean> {
    const { value, done } = await this.#batches.next()
    this.#first = done === true ? null : value
    return this.#first !== null
  }

  async *messages(path: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
    this.started = true
    yield encodeFlightData({
      descriptor: { type: DescriptorType.PATH, path },
      header: encodeSchema(this.#schema),
    })
    if (this.#first !== null) yield this.#count(this.#first)
    this.#first = null
    for await (const batch of this.#batches) yield this.#count(batch)
    this.#exhausted = true
  }

  #count(batch: EncodedRows): Uint8Array {
    this.sent.push(batch.rows)
    return batch.message
  }
}

interface EncodedRows {
  readonly rows: number
  readonly message: Uint8Array
}

/** Batches of at most `batchRows` rows, fewer where the source was silent or rows are large. */
async function* encodedBatches(
  schema: Schema,
  groups: AsyncIterable<readonly Row[] | null>,
  batchRows: number,
): AsyncGenerator<EncodedRows, void, undefined> {
  let pending: Row[] = []
  let first = 0
  for await (const group of groups) {
    if (group === null) {
      // Even an empty batch tells the runtime that the upload is alive.
      yield* encode(schema, pending, first)
      first += pending.length
      pending = []
      continue
    }
    let taken = 0
    while (pending.length + group.length - taken >= batchRows) {
      const end = taken + batchRows - pending.length
      const rows = pending.length === 0 ? group.slice(taken, end) : [...pending, ...group.slice(taken, end)]
      taken = end
      pending = []
      yield* encode(schema, rows, first)
      first += rows.length
    }
    for (let i = taken; i < group.length; i++) pending.push(group[i])
  }
  if (pending.length > 0) yield* encode(schema, pending, first)
}

function* encode(schema: Schema, rows: readonly Row[], first: number): Generator<EncodedRows> {
  const { header, body, bodyLength } = encodeRecordBatch(
    schema,
    rows.length,
    columnsFromRows(schema, rows, first),
  )
  if (header.length + bodyLength + FRAMING_BYTES <= MAX_MESSAGE_BYTES || rows.length <= 1) {
    yield { rows: rows.length, message: encodeFlightData({ header, body }) }
    return
  }
  const middle = rows.length >> 1
  yield* encode(schema, rows.slice(0, middle), first)
  yield* encode(schema, rows.slice(middle), first + middle)
}

/** Throws `RowValidationError` for the first row that does not fit, beyond the first batch, which is next anyway. */
function checkRows(schema: Schema, rows: readonly Row[], batchRows: number): void {
  for (let first = batchRows; first < rows.length; first += batchRows) {
    columnsFromRows(schema, rows.slice(first, first + batchRows), first)
  }
}

function failure(dataset: string, error: unknown): unknown {
  const cause = error instanceof WriteError ? error.cause : error
  if (error instanceof WriteError && error.acknowledgedRows > 0) return error
  if (cause instanceof AuthenticationError) {
    return new AuthenticationError(
      `Writing to ${dataset} over Flight needs an API key with write access, also where the runtime asks for none to read: ` +
        `give apiKey, or use spice.execute('INSERT …'). The runtime says: ${cause.message}`,
      { cause },
    )
  }
  if (cause instanceof PermissionError) {
    return new PermissionError(`The API key may not write to ${dataset}: ${cause.message}`, { cause })
  }
  if (error instanceof WriteError || error instanceof RowValidationError) return error
  return new WriteError(dataset, 0, reasonOf(error), error)
}

function reasonOf(error: unknown): string {
  const wait = error instanceof RpcError ? error.metadata.get('retry-after') : undefined
  if (wait !== undefined) return `${(error as RpcError).message}; try again after ${wait} seconds`
  return error instanceof SidecarError || error instanceof Error ? error.message : String(error)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
