import { RpcError } from '../transport/rpc-error.ts'
import { type CollectOptions, GET_FLIGHT_INFO, unary } from './calls.ts'
import { descriptorRequest } from './commands.ts'
import { CommandGetSqlInfo, FlightInfo, SqlInfo } from './messages.generated.ts'
import { decode } from './protobuf.ts'
import { rowsOf } from './rows-of.ts'
import type { FlightSession } from './session.ts'

/** `spice`: knows the one-call forms. `flight-sql`: anything else, spoken to as the standard says. */
export type ServerKind = 'spice' | 'flight-sql'

/** Statuses that say something of the server or of us. Any other says only that it does not tell its name. */
const NO_ANSWER = new Set([
  'UNAUTHENTICATED',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
])

/**
 * Asks a server for its name. A Spice runtime calls itself `Spice.ai`. Rejects when the server cannot be
 * reached or refuses the credentials.
 */
export async function detectServerKind(session: FlightSession, options: CollectOptions): Promise<ServerKind> {
  try {
    const request = descriptorRequest(CommandGetSqlInfo, { info: [SqlInfo.FLIGHT_SQL_SERVER_NAME] })
    const info = decode(FlightInfo, await unary(session.transport, GET_FLIGHT_INFO, request, options))
    const rows = await rowsOf(session, info, options)
    const isSpice = rows.some((row) => typeof row.value === 'string' && /spice/i.test(row.value))
    return isSpice ? 'spice' : 'flight-sql'
  } catch (error) {
    if (error instanceof RpcError && !NO_ANSWER.has(error.status)) return 'flight-sql'
    const code = (error as { code?: string }).code
    // An answer we cannot read is an answer all the same.
    if (code === 'UNSUPPORTED' || (code === 'PROTOCOL' && session.transport.stats.connections > 0)) {
      return 'flight-sql'
    }
    throw error
  }
}
