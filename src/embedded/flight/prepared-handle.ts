import { status } from '@grpc/grpc-js'
import { FlightError } from './flight-error.ts'

/**
 * A prepared statement as its handle: the server keeps nothing, so a handle can be executed again and
 * again, by any runtime, and closing it frees nothing. Bound parameters are the IPC messages they came in.
 */
export interface PreparedStatement {
  readonly sql: string
  /** Null before anything was bound. */
  readonly parameters: BoundParameters | null
}

/** Schema and record batch of the bound row, as FlightData carried them. */
export interface BoundParameters {
  /** The placeholder each column is for, without `$`. */
  readonly names: readonly string[]
  readonly schemaHeader: Uint8Array
  readonly batchHeader: Uint8Array
  readonly batchBody: Uint8Array
}

const MAGIC = Buffer.from('SSPS1')
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** Parts, each after its length in 4 bytes: the SQL, and when bound the names and the three IPC parts. */
export function encodeHandle({ sql, parameters }: PreparedStatement): Uint8Array {
  const parts = [Buffer.from(sql)]
  if (parameters !== null) {
    parts.push(
      Buffer.from(JSON.stringify(parameters.names)),
      Buffer.from(parameters.schemaHeader),
      Buffer.from(parameters.batchHeader),
      Buffer.from(parameters.batchBody),
    )
  }
  const lengths = parts.map((part) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(part.length)
    return length
  })
  return Buffer.concat([MAGIC, ...parts.flatMap((part, index) => [lengths[index], part])])
}

/** Throws `FlightError` INTERNAL, as the runtime answers a handle it cannot read. */
export function decodeHandle(handle: Uint8Array): PreparedStatement {
  const bytes = Buffer.from(handle.buffer, handle.byteOffset, handle.byteLength)
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed()
  const parts: Uint8Array[] = []
  for (let at = MAGIC.length; at < bytes.length; ) {
    if (bytes.length - at < 4 || parts.length === 5) throw malformed()
    const length = bytes.readUInt32LE(at)
    at += 4
    if (length > bytes.length - at) throw malformed()
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  if (parts.length !== 1 && parts.length !== 5) throw malformed()
  const [sql, names, schemaHeader, batchHeader, batchBody] = parts
  try {
    return {
      sql: UTF8.decode(sql),
      parameters:
        parts.length === 1
          ? null
          : { names: JSON.parse(UTF8.decode(names)), schemaHeader, batchHeader, batchBody },
    }
  } catch {
    throw malformed()
  }
}

function malformed(): FlightError {
  return new FlightError(status.INTERNAL, 'Malformed prepared statement handle')
}
