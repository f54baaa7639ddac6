import { expect } from 'vitest'
import { anyTypeName, packAny, unpackAny } from '../../src/flight/any.ts'
import { parseFlightData } from '../../src/flight/flight-data.ts'
import {
  Action,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  Any,
  CommandPreparedStatementQuery,
  CommandStatementQuery,
  DoPutPreparedStatementResult,
  FlightDescriptor,
  PutResult,
  Result,
  Ticket,
} from '../../src/flight/messages.generated.ts'
import { decode, encode } from '../../src/flight/protobuf.ts'
import { NUMBERS, numbersMessage, schemaMessage } from '../support/flight-batches.ts'
import { type FlightScript, Refusal, type ServerCall } from '../support/flight-server.ts'

const text = new TextDecoder()

/** A runtime whose handles carry statement and parameters, as Spice's do; `generation` makes old ones stale. */
export class ScriptedRuntime {
  generation = 1
  /** What each executed DoGet ran. */
  readonly ran: string[] = []
  /** Replaces the answer of every DoGet. */
  answer: ((call: ServerCall) => Promise<void>) | null = null

  readonly script: FlightScript = {
    DoGet: async (call) => {
      const { ticket } = decode(Ticket, (await call.receive())!)
      const any = decode(Any, ticket)
      if (anyTypeName(any) === CommandStatementQuery.typeName) {
        this.ran.push(decode(CommandStatementQuery, any.value).query)
      } else {
        const { preparedStatementHandle } = unpackAny(CommandPreparedStatementQuery, ticket)
        const [generation, sql] = text.decode(preparedStatementHandle).split('|')
        if (Number(generation) !== this.generation) throw new Refusal('INTERNAL', 'malformed handle')
        this.ran.push(sql)
      }
      if (this.answer) return this.answer(call)
      await call.send(schemaMessage(NUMBERS))
      await call.send(numbersMessage(1, 2))
      await call.send(numbersMessage(3))
    },
    DoAction: async (call) => {
      const { type, body } = decode(Action, (await call.receive())!)
      if (type !== 'CreatePreparedStatement') throw new Refusal('INVALID_ARGUMENT', `no action ${type}`)
      const { query } = unpackAny(ActionCreatePreparedStatementRequest, body)
      const preparedStatementHandle = Buffer.from(`${this.generation}|${query}`)
      const result = packAny(ActionCreatePreparedStatementResult, { preparedStatementHandle })
      await call.send(encode(Result, { body: result }))
    },
    DoPut: async (call) => {
      const messages = (await call.receiveAll()).map(parseFlightData)
      const { cmd } = decode(FlightDescriptor, messages[0].descriptor)
      const { preparedStatementHandle } = unpackAny(CommandPreparedStatementQuery, cmd)
      const [generation] = text.decode(preparedStatementHandle).split('|')
      if (Number(generation) !== this.generation) throw new Refusal('INTERNAL', 'malformed handle')
      expect(messages).toHaveLength(2)
      const bound = Buffer.concat([preparedStatementHandle, Buffer.from('|bound')])
      const appMetadata = encode(DoPutPreparedStatementResult, { preparedStatementHandle: bound })
      await call.send(encode(PutResult, { appMetadata }))
    },
  }
}
