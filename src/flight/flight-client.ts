import type { Schema } from '../arrow/schema.ts'
import type { Row } from '../client/result.ts'
import { AuthenticationError } from '../errors.ts'
import { checkOptions, milliseconds } from '../option-checks.ts'
import { RpcError } from '../transport/rpc-error.ts'
import type { TransportStats } from '../transport/transport.ts'
import { awaitUntil } from './await-until.ts'
import {
  type CollectOptions,
  collect,
  DO_ACTION,
  DO_PUT,
  GET_FLIGHT_INFO,
  GET_SCHEMA,
  LIST_ACTIONS,
  LIST_FLIGHTS,
  unary,
  upload,
} from './calls.ts'
import { descriptorRequest } from './commands.ts'
import { FlightStream } from './flight-stream.ts'
import {
  Action,
  ActionType,
  CommandGetCatalogs,
  CommandGetDbSchemas,
  CommandGetPrimaryKeys,
  CommandGetSqlInfo,
  CommandGetTables,
  CommandGetTableTypes,
  CommandGetXdbcTypeInfo,
  Criteria,
  Empty,
  FlightDescriptor,
  FlightInfo,
  PutResult,
  Result,
  SchemaResult,
  Ticket,
} from './messages.generated.ts'
import { decode, encode, type MessageInit, type MessageType } from './protobuf.ts'
import { accessFailure } from './query-failure.ts'
import { rowsOf } from './rows-of.ts'
import { readEncapsulatedSchema } from './schema-message.ts'
import { type FlightSession, type HandshakeResult, handshake, type Login } from './session.ts'

/** Options of one low-level call. */
export interface FlightCallOptions {
  signal?: AbortSignal
  /** Milliseconds the call may take. Default: no limit. */
  timeoutMs?: number
  /** Metadata besides that of every call. */
  headers?: Readonly<Record<string, string>>
}

/** Options of an upload. */
export interface PutOptions extends FlightCallOptions {
  /** Told of every answer when it arrives: what the server has acknowledged, should the upload fail later. */
  onAnswer?(message: Uint8Array): void
}

/** What a descriptor may be given as: a path, or the bytes of a command. */
export type Descriptor = readonly string[] | Uint8Array

/**
 * Single Arrow Flight and Flight SQL calls, for what statements do not cover. Every call rejects with
 * `RpcError` for a status the server sent (`AuthenticationError` and `PermissionError` where it refuses
 * access), with the connection's errors otherwise, and with `OptionsError` for a `timeoutMs` that is no time.
 */
export class FlightClient {
  readonly #session: FlightSession

  constructor(session: FlightSession) {
    this.#session = session
  }

  /** Counters of the connection to the server itself. */
  get stats(): TransportStats {
    return this.#session.transport.stats
  }

  /** Exchanges credentials for a token. The token is returned, not used for other calls. */
  handshake(login: Login, options?: FlightCallOptions): Promise<HandshakeResult> {
    return handshake(this.#session.transport, login, this.#options(options))
  }

  async getFlightInfo(descriptor: Descriptor, options?: FlightCallOptions): Promise<FlightInfo> {
    return decode(FlightInfo, await this.#unary(GET_FLIGHT_INFO, descriptorOf(descriptor), options))
  }

  async listFlights(expression?: Uint8Array, options?: FlightCallOptions): Promise<FlightInfo[]> {
    const messages = await this.#collect(LIST_FLIGHTS, encode(Criteria, { expression }), options)
    return messages.map((message) => decode(FlightInfo, message))
  }

  async getSchema(descriptor: Descriptor, options?: FlightCallOptions): Promise<Schema> {
    const answer = await this.#unary(GET_SCHEMA, descriptorOf(descriptor), options)
    return readEncapsulatedSchema(decode(SchemaResult, answer).schema)
  }

  /** The stream of one ticket. Batches are fetched as they are consumed. */
  doGet(ticket: Uint8Array, options?: FlightCallOptions): FlightStream {
    return new FlightStream(this.#session.transport, encode(Ticket, { ticket }), this.#options(options))
  }

  /**
   * Uploads encoded FlightData messages, the first with a descriptor, at the pace the server takes them. Returns the application metadata of every answer.
   */
  async doPut(
    messages: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<Uint8Array[]> {
    const onAnswer = options?.onAnswer
    const answers = await this.#call(options, (given) =>
      upload(this.#session.transport, DO_PUT, messages, { ...given, onAnswer }),
    )
    return answers.messages.map((message) => decode(PutResult, message).appMetadata)
  }

  async doAction(type: string, body?: Uint8Array, options?: FlightCallOptions): Promise<Uint8Array[]> {
    const messages = await this.#collect(DO_ACTION, encode(Action, { type, body }), options)
    return messages.map((message) => decode(Result, message).body)
  }

  async listActions(options?: FlightCallOptions): Promise<ActionType[]> {
    const messages = await this.#collect(LIST_ACTIONS, encode(Empty, {}), options)
    return messages.map((message) => decode(ActionType, message))
  }

  /** @param info SqlInfo codes; none asks for all. Rows of `info_name` and `value`. */
  getSqlInfo(info: readonly number[] = [], options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetSqlInfo, { info }, options)
  }

  getCatalogs(options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetCatalogs, {}, options)
  }

  getDbSchemas(filter: MessageInit<CommandGetDbSchemas> = {}, options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetDbSchemas, filter, options)
  }

  getTables(filter: MessageInit<CommandGetTables> = {}, options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetTables, filter, options)
  }

  getTableTypes(options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetTableTypes, {}, options)
  }

  getPrimaryKeys(table: MessageInit<CommandGetPrimaryKeys>, options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetPrimaryKeys, table, options)
  }

  getXdbcTypeInfo(dataType?: number, options?: FlightCallOptions): Promise<Row[]> {
    return this.#rows(CommandGetXdbcTypeInfo, { dataType }, options)
  }

  #options({ signal, timeoutMs, headers }: FlightCallOptions = {}): CollectOptions {
    if (timeoutMs !== undefined)
      checkOptions({ timeoutMs }, { timeoutMs: milliseconds(0, Infinity) }, 'call option')
    return {
      metadata: this.#session.metadata(undefined, headers),
      signal,
      deadline: timeoutMs === undefined ? undefined : performance.now() + timeoutMs,
    }
  }

  #unary(path: string, request: Uint8Array, options?: FlightCallOptions): Promise<Uint8Array> {
    return this.#call(options, (given) => unary(this.#session.transport, path, request, given))
  }

  async #collect(path: string, request: Uint8Array, options?: FlightCallOptions): Promise<Uint8Array[]> {
    const answers = await this.#call(options, (given) =>
      collect(this.#session.transport, path, request, given),
    )
    return answers.messages
  }

  /** Logs in first where that is due, and gives refused access an error of its own. */
  async #call<T>(
    options: FlightCallOptions | undefined,
    start: (options: CollectOptions) => Promise<T>,
  ): Promise<T> {
    const session = this.#session
    try {
      const given = this.#options(options)
      if (!session.needsLogin) return await start(given)
      await awaitUntil(session.login(), 'Logging in', given)
      return await start({ ...given, metadata: session.metadata(undefined, options?.headers) })
    } catch (error) {
      const failure = error instanceof RpcError ? accessFailure(error) : null
      // The token may have run out: the next call asks for another.
      if (failure instanceof AuthenticationError) session.forgetLogin()
      throw failure ?? error
    }
  }

  async #rows<T>(type: MessageType<T>, command: MessageInit<T>, options?: FlightCallOptions): Promise<Row[]> {
    const info = decode(
      FlightInfo,
      await this.#unary(GET_FLIGHT_INFO, descriptorRequest(type, command), options),
    )
    return this.#call(options, (given) => rowsOf(this.#session, info, given))
  }
}

function descriptorOf(descriptor: Descriptor): Uint8Array {
  return descriptor instanceof Uint8Array
    ? encode(FlightDescriptor, { type: 2, cmd: descriptor })
    : encode(FlightDescriptor, { type: 1, path: descriptor })
}
