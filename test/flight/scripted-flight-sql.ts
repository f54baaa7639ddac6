import { onTestFinished } from 'vitest'
import { anyTypeName, packAny, unpackAny } from '../../src/flight/any.ts'
import { parseFlightData } from '../../src/flight/flight-data.ts'
import { createFlightSource, type FlightSourceOptions } from '../../src/flight/flight-source.ts'
import {
  Action,
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  Any,
  CommandGetSqlInfo,
  CommandPreparedStatementQuery,
  CommandPreparedStatementUpdate,
  CommandStatementQuery,
  CommandStatementUpdate,
  DoPutUpdateResult,
  FlightDescriptor,
  FlightInfo,
  PutResult,
  Result,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode, type MessageInit } from '../../src/flight/protobuf.ts'
import { NUMBERS, numbersMessage, schemaMessage, schemaOf, textMessage } from '../support/flight-batches.ts'
import { type FlightScript, type FlightServer, flightServer, Refusal } from '../support/flight-server.ts'

/** A ticket as it lies in an endpoint. */
export const ticket = (name: string) => ({ ticket: Buffer.from(name) })
const NAMES = schemaOf({ value: { kind: 'utf8' } })

/** A server that follows the standard: every statement has a plan, prepared statements live at the server. */
export class ScriptedServer {
  /** What GetFlightInfo answers for a statement; by default one endpoint at the server itself. */
  plan: (sql: string) => MessageInit<FlightInfo> = () => ({ endpoint: [{ ticket: ticket('0') }] })
  /** The name GetSqlInfo gives; null when it is not served. */
  name: string | null = null
  /** Handles of prepared statements: the statement, and how often it was bound. */
  readonly prepared = new Map<string, { sql: string; binds: number }>()
  private nextHandle = 1

  readonly script: FlightScript = {
    GetFlightInfo: async (call) => {
      const { cmd } = decode(FlightDescriptor, (await call.receive())!)
      const any = decode(Any, cmd)
      if (anyTypeName(any) === CommandGetSqlInfo.typeName) {
        if (this.name === null) throw new Refusal('UNIMPLEMENTED', 'no GetSqlInfo')
        await call.send(encode(FlightInfo, { endpoint: [{ ticket: ticket('name') }] }))
        return
      }
      const sql =
        anyTypeName(any) === CommandStatementQuery.typeName
          ? decode(CommandStatementQuery, any.value).query
          : this.statement(unpackAny(CommandPreparedStatementQuery, cmd).preparedStatementHandle).sql
      await call.send(encode(FlightInfo, this.plan(sql)))
    },
    DoGet: async (call) => {
      const name = Buffer.from(decode(Ticket, (await call.receive())!).ticket).toString()
      if (name === 'name') {
        await call.send(schemaMessage(NAMES))
        await call.send(textMessage(NAMES, this.name!))
        return
      }
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(Number(name), Number(name) + 1))
    },
    DoAction: async (call) => {
      const { type, body } = decode(Action, (await call.receive())!)
      if (type === 'ClosePreparedStatement') {
        const { preparedStatementHandle } = unpackAny(ActionClosePreparedStatementRequest, body)
        this.prepared.delete(Buffer.from(preparedStatementHandle).toString())
        return
      }
      const { query } = unpackAny(ActionCreatePreparedStatementRequest, body)
      const handle = `handle ${this.nextHandle++}`
      this.prepared.set(handle, { sql: query, binds: 0 })
      const result = packAny(ActionCreatePreparedStatementResult, {
        preparedStatementHandle: Buffer.from(handle),
      })
      await call.send(encode(Result, { body: result }))
    },
    DoPut: async (call) => {
      const messages = (await call.receiveAll()).map(parseFlightData)
      const { cmd } = decode(FlightDescriptor, messages[0].descriptor)
      const any = decode(Any, cmd)
      let recordCount = 7n
      if (anyTypeName(any) === CommandPreparedStatementQuery.typeName) {
        this.statement(unpackAny(CommandPreparedStatementQuery, cmd).preparedStatementHandle).binds++
        return
      }
      if (anyTypeName(any) === CommandPreparedStatementUpdate.typeName) {
        this.statement(unpackAny(CommandPreparedStatementUpdate, cmd).preparedStatementHandle).binds++
        recordCount = 8n
      } else {
        unpackAny(CommandStatementUpdate, cmd)
      }
      await call.send(encode(PutResult, { appMetadata: encode(DoPutUpdateResult, { recordCount }) }))
    },
  }

  private statement(handle: Uint8Array) {
    const statement = this.prepared.get(Buffer.from(handle).toString())
    if (statement === undefined) throw new Refusal('NOT_FOUND', 'no such prepared statement')
    return statement
  }
}

/** Such a server that ends with the test, on a port of its own. */
export async function listen(scripted: ScriptedServer): Promise<FlightServer> {
  const server = await flightServer(scripted.script)
  onTestFinished(() => server.kill())
  return server
}

/** A server that ends with the test, and a source of its statements. */
export async function startFlightSql(
  transport: 'native' | 'grpc-js',
  options: Partial<FlightSourceOptions> = {},
) {
  const scripted = new ScriptedServer()
  const server = await listen(scripted)
  const source = createFlightSource({ transport, address: server.address, server: 'flight-sql', ...options })
  onTestFinished(() => source.close())
  return { scripted, server, source }
}
