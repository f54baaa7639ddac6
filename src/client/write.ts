import { plainSchema } from '../arrow/plain-schema.ts'
import type { Schema } from '../arrow/schema.ts'
import {
  AuthenticationError,
  ParameterError,
  PermissionError,
  RowValidationError,
  SidecarError,
  TimeoutError,
  WriteError,
} from '../errors.ts'
import type { FlightCallOptions, FlightClient } from '../flight/flight-client.ts'
import type { ServerKind } from '../flight/server-kind.ts'
import { checkOptions, count, type Fields, milliseconds } from '../option-checks.ts'
import { QUERY_FIELDS } from '../options.ts'
import { RpcError } from '../transport/rpc-error.ts'
import { datasetPath } from './dataset-schema.ts'
import { checkRows, DEFAULT_BATCH_ROWS } from './encoded-rows.ts'
import { Upload } from './upload.ts'
import { checkSource, isRowArray, type WriteSource } from './write-source.ts'
import { type WriteTarget, writeTarget } from './write-target.ts'

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

const MAX_KNOWN_SCHEMAS = 256

const WRITE_FIELDS: Fields = {
  signal: QUERY_FIELDS.signal,
  timeoutMs: QUERY_FIELDS.timeoutMs,
  batchRows: count(1, 2 ** 31 - 1),
  idleMs: milliseconds(1),
}

/**
 * Appends rows to datasets by DoPut, as plain arrays of the dataset's own schema: by the dataset's path to a
 * Spice runtime, as a bulk append (`CommandStatementIngest`) to any other Flight SQL server.
 */
export class DatasetWriter {
  readonly #flight: FlightClient
  readonly #server: ServerKind
  readonly #schemas = new Map<string, Schema>()

  constructor(flight: FlightClient, server: ServerKind) {
    this.#flight = flight
    this.#server = server
  }

  /**
   * Resolves once the runtime has acknowledged every row. Rows given as an array are checked before
   * anything is sent, others batch by batch. Rejects with `RowValidationError` for a row that does not fit
   * when nothing was sent yet; with `OptionsError` and `ParameterError` for arguments that cannot be used;
   * with `AuthenticationError` or `PermissionError` when the runtime refuses the key; and with `WriteError`,
   * which says how many rows are acknowledged, for everything else. A Flight SQL server acknowledges all
   * rows at once, at the end; the error's code is `UNSUPPORTED` when it knows no bulk append.
   */
  async write(dataset: string, source: WriteSource, options: WriteOptions = {}): Promise<WriteResult> {
    checkOptions(options, WRITE_FIELDS, 'write option')
    checkSource(source)
    const target = writeTarget(this.#server, datasetPath(dataset))
    const deadline = performance.now() + (options.timeoutMs ?? Infinity)
    const rest = (): FlightCallOptions => ({
      signal: options.signal,
      timeoutMs: deadline === Infinity ? undefined : Math.max(0, deadline - performance.now()),
    })
    try {
      const schema = await this.#schemaOf(dataset, target, rest())
      if (isRowArray(source)) checkRows(schema, source, options.batchRows ?? DEFAULT_BATCH_ROWS)
      return await this.#send(dataset, target, schema, source, options, rest)
    } catch (error) {
      // The dataset may have been replaced by one of another schema.
      this.#schemas.delete(dataset)
      throw failure(dataset, target, error)
    }
  }

  async #schemaOf(dataset: string, target: WriteTarget, options: FlightCallOptions): Promise<Schema> {
    const known = this.#schemas.get(dataset)
    if (known !== undefined) return known
    const found = await target.lookUp(this.#flight, options)
    if (found === null) throw new WriteError(dataset, 0, target.notFound)
    const schema = plainSchema(found)
    if (this.#schemas.size >= MAX_KNOWN_SCHEMAS) this.#schemas.clear()
    this.#schemas.set(dataset, schema)
    return schema
  }

  async #send(
    dataset: string,
    target: WriteTarget,
    schema: Schema,
    source: WriteSource,
    options: WriteOptions,
    rest: () => FlightCallOptions,
  ): Promise<WriteResult> {
    const ending = new AbortController()
    const upload = new Upload(target, schema, source, options, ending.signal)
    const { timeoutMs } = rest()
    // The call has a deadline of its own, but begins only once the source has given a batch.
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(late(options)), timeoutMs)
    try {
      // Until the first batch is there, a row that does not fit costs the runtime nothing.
      if (!(await upload.prepare())) return { rows: 0, batches: 0 }
      await this.#flight.doPut(upload.messages(), {
        ...rest(),
        onAnswer: (message) => upload.answers.push(message),
      })
    } catch (error) {
      if (upload.started) throw interrupted(dataset, target, upload, error)
      throw error
    } finally {
      clearTimeout(timer)
      ending.abort()
    }
    const missing = upload.missing
    if (missing !== null) throw new WriteError(dataset, upload.acknowledgedRows, missing)
    return { rows: upload.rows, batches: upload.sent.length }
  }
}

function interrupted(dataset: string, target: WriteTarget, upload: Upload, error: unknown): WriteError {
  const unsupported = target.explain(error)
  if (unsupported !== null) return new WriteError(dataset, 0, unsupported.message, unsupported)
  const unprocessed = error instanceof SidecarError && error.unprocessed
  const more = target.afterFailure === '' || unprocessed ? '' : ` (${target.afterFailure})`
  return new WriteError(dataset, upload.acknowledgedRows, `${reasonOf(error)}${more}`, error)
}

function late({ timeoutMs = 0 }: WriteOptions): TimeoutError {
  return new TimeoutError(`The write did not end within ${timeoutMs} ms (timeoutMs)`, timeoutMs)
}

function failure(dataset: string, { server }: WriteTarget, error: unknown): unknown {
  const cause = error instanceof WriteError ? error.cause : error
  if (error instanceof WriteError && error.acknowledgedRows > 0) return error
  if (cause instanceof AuthenticationError && server === 'spice') {
    return new AuthenticationError(
      `Writing to ${dataset} over Flight needs an API key with write access, also where the runtime asks for none to read: ` +
        `give apiKey, or use spice.execute('INSERT …'). The runtime says: ${cause.message}`,
      { cause },
    )
  }
  if (cause instanceof PermissionError) {
    return new PermissionError(`The API key may not write to ${dataset}: ${cause.message}`, { cause })
  }
  if (cause instanceof AuthenticationError) return cause
  if (error instanceof WriteError || error instanceof RowValidationError || error instanceof ParameterError) {
    return error
  }
  return new WriteError(dataset, 0, reasonOf(error), error)
}

function reasonOf(error: unknown): string {
  const wait = error instanceof RpcError ? error.metadata.get('retry-after') : undefined
  if (wait !== undefined) return `${(error as RpcError).message}; try again after ${wait} seconds`
  return error instanceof SidecarError || error instanceof Error ? error.message : String(error)
}
