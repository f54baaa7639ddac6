import { SQL } from '../cases.ts'

export const DO_GET = '/arrow.flight.protocol.FlightService/DoGet'

/** A `Ticket` message (Flight.proto: `ticket` is field 1) holding raw SQL, as Spice takes it. */
function ticketOf(sql: string): Buffer {
  const text = Buffer.from(sql)
  if (text.length > 127) throw new RangeError('the SQL text needs a multi-byte length')
  return Buffer.concat([Buffer.from([0x0a, text.length]), text])
}

export const TICKETS: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.values(SQL).map((sql) => [sql, ticketOf(sql)]),
)
