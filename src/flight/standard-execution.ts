import { encodeSchema } from '../arrow/ipc-writer.ts'
import { type EncodedParameters, encodeParameters } from '../arrow/parameters.ts'
import { NO_METADATA } from '../arrow/schema.ts'
import type { ExecuteOptions, ResultSink, Statement } from '../client/result.ts'
import type { SidecarError } from '../errors.ts'
import { isReadOnly } from '../sql/classify.ts'
import { hasParameters } from '../sql/has-parameters.ts'
import { arrangeParameters } from '../sql/placeholders.ts'
import { DO_PUT, GET_FLIGHT_INFO, unary, upload } from './calls.ts'
import { commandDescriptor, descriptorRequest, ticketRequest } from './commands.ts'
import { countBatch } from './count-batch.ts'
import type { FailureMap } from './direct-execution.ts'
import { encodeFlightData } from './flight-data.ts'
import {
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  CommandStatementQuery,
  CommandStatementUpdate,
  FlightInfo,
} from './messages.generated.ts'
import {
  bindParameters,
  createPreparedStatement,
  executePreparedUpdate,
  isStaleHandle,
  updateCount,
} from './prepared-statements.ts'
import { decode } from './protobuf.ts'
import { schemaInInfo } from './schema-message.ts'
import type { FlightSession } from './session.ts'
import type { StatementHandles } from './statement-handles.ts'
import { SteppedExecution } from './stepped-execution.ts'

/** A statement on any Flight SQL server, by the standard: plan, then fetch each endpoint. */
export class StandardExecution extends SteppedExecution {
  private readonly handles: StatementHandles
  private handle: Uint8Array | null = null

  constructor(
    handles: StatementHandles,
    session: FlightSession,
    statement: Statement,
    sink: ResultSink,
    options: ExecuteOptions,
    mapFailure: FailureMap,
  ) {
    super(session, statement, sink, options, mapFailure)
    this.handles = handles
  }

  protected async run(): Promise<void> {
    this.handles.begin(this)
    const { statement } = this
    if (!hasParameters(statement)) {
      if (statement.update) this.give(await this.update(statement.sql))
      else await this.fetch(descriptorRequest(CommandStatementQuery, { query: statement.sql }))
      return
    }
    const parameters = encodeParameters(arrangeParameters(statement.sql, statement.parameters!))
    const kept = this.handles.take(statement.sql)
    if (kept !== undefined) {
      this.handle = kept
      try {
        await this.runPrepared(kept, parameters)
        return
      } catch (error) {
        if (!isStaleHandle(error)) throw error
        // A server that lost one has lost the others too.
        this.handles.forget(statement.sql)
        if (!(statement.idempotent ?? isReadOnly(statement.sql))) throw error
        this.handle = null
      }
    }
    this.handle = await createPreparedStatement(this.session, statement.sql, this.step())
    await this.runPrepared(this.handle, parameters)
  }

  protected override settled(error: SidecarError | null): void {
    if (this.handle !== null) {
      if (error === null) this.handles.giveBack(this.statement.sql, this.handle)
      else this.handles.discard(this.handle)
      this.handle = null
    }
    this.handles.end(this)
  }

  private async runPrepared(handle: Uint8Array, parameters: EncodedParameters): Promise<void> {
    if (this.statement.update) {
      const outcome = await executePreparedUpdate(this.session, handle, parameters, this.step())
      if ('count' in outcome) this.give(outcome.count)
      else {
        this.handle = outcome.bound
        this.streamTicket(
          ticketRequest(CommandPreparedStatementUpdate, { preparedStatementHandle: outcome.bound }),
        )
      }
      return
    }
    const bound = await bindParameters(this.session, handle, parameters, this.step())
    this.handle = bound
    await this.fetch(descriptorRequest(CommandPreparedStatementQuery, { preparedStatementHandle: bound }))
  }

  private async fetch(descriptor: Uint8Array): Promise<void> {
    const answer = await unary(this.session.transport, GET_FLIGHT_INFO, descriptor, this.step())
    // Some servers run the statement right here and keep the result for the tickets.
    this.begun = true
    const info = decode(FlightInfo, answer)
    if (info.endpoint.length > 0) {
      this.streamInfo(info)
      return
    }
    this.onSchema(schemaInInfo(info) ?? { fields: [], metadata: NO_METADATA })
    this.finish(null, null)
  }

  private async update(sql: string): Promise<bigint> {
    const descriptor = commandDescriptor(CommandStatementUpdate, { query: sql })
    // Some servers read a schema before they look at the command.
    const header = encodeSchema({ fields: [], metadata: NO_METADATA })
    const requests = [encodeFlightData({ descriptor, header })]
    const { messages } = await upload(this.session.transport, DO_PUT, requests, this.step())
    return updateCount(messages)
  }

  private give(count: bigint): void {
    const { schema, batch } = countBatch(count, this.options.values)
    this.onSchema(schema)
    this.onBatch(batch)
    this.finish(null, null)
  }
}
