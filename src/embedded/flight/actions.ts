import { field, NO_METADATA, type Schema } from '../../arrow/schema.ts'
import { packAny, unpackAny } from '../../flight/any.ts'
import {
  Action,
  ActionClosePreparedStatementRequest,
  ActionCreatePreparedStatementRequest,
  ActionCreatePreparedStatementResult,
  ActionType,
  Result,
} from '../../flight/messages.generated.ts'
import { decode, encode } from '../../flight/protobuf.ts'
import { mappingsOf, schemaOf } from '../duckdb-arrow/schema.ts'
import type { StatementDescription } from '../engine/engine.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { schemaMessage } from './catalog-tables.ts'
import type { FlightCall } from './flight-call.ts'
import { invalidArgument } from './flight-error.ts'
import { encodeHandle } from './prepared-handle.ts'

const ACTIONS = [
  { type: 'CreatePreparedStatement', description: 'Plans a statement and gives a handle for it' },
  { type: 'ClosePreparedStatement', description: 'Forgets a prepared statement' },
]

export function listActions(): Uint8Array[] {
  return ACTIONS.map((action) => encode(ActionType, action))
}

/** The results of one action. Throws `FlightError` INVALID_ARGUMENT for an unknown one. */
export async function doAction(
  context: RuntimeContext,
  request: Uint8Array,
  call: FlightCall,
): Promise<Uint8Array[]> {
  const { type, body } = decode(Action, request)
  if (type === 'CreatePreparedStatement') {
    const { query } = unpackAny(ActionCreatePreparedStatementRequest, body)
    return [encode(Result, { body: await createPreparedStatement(context, query, call) })]
  }
  if (type === 'ClosePreparedStatement') {
    // A handle carries all its state: there is nothing to free, and closing any bytes succeeds.
    unpackAny(ActionClosePreparedStatementRequest, body)
    return [encode(Result, {})]
  }
  throw invalidArgument(`Unknown action type: ${type}`)
}

async function createPreparedStatement(
  { engine }: RuntimeContext,
  sql: string,
  call: FlightCall,
): Promise<Uint8Array> {
  const described = await engine.describe(sql, {
    signal: call.signal,
    readOnly: !call.principal.canWrite,
  })
  return packAny(ActionCreatePreparedStatementResult, {
    preparedStatementHandle: encodeHandle({ sql, parameters: null }),
    datasetSchema: schemaMessage(datasetSchema(described)),
    parameterSchema: parameterSchema(described),
  })
}

/** Empty when the types depend on the parameters. */
function datasetSchema({ columns }: StatementDescription): Schema {
  if (columns === null) return { fields: [], metadata: NO_METADATA }
  return schemaOf(
    columns.map((column) => column.name),
    columns.map((column) => column.type),
  )
}

/** Placeholders as they are written, `$1` and `$name`; no schema at all when a type cannot be inferred. */
function parameterSchema({ parameters }: StatementDescription): Uint8Array {
  const types = parameters.map((parameter) => parameter.type)
  if (types.length === 0 || !types.every((type) => type !== null)) return new Uint8Array(0)
  const fields = mappingsOf(types).map((mapped, index) => field(`$${parameters[index].name}`, mapped.type))
  return schemaMessage({ fields, metadata: NO_METADATA })
}
