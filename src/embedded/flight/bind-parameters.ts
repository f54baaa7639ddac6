import { StreamDecoder } from '../../arrow/stream-decoder.ts'
import type { FlightDataParts } from '../../flight/flight-data.ts'
import type { Engine } from '../engine/engine.ts'
import type { FlightCall } from './flight-call.ts'
import { invalidArgument } from './flight-error.ts'
import { boundValues, placeholderNames } from './parameter-values.ts'
import { decodeHandle, encodeHandle } from './prepared-handle.ts'
import type { PutStream } from './put-stream.ts'

/**
 * Takes the row uploaded for a prepared statement into a new handle that carries it. The values are read
 * once, so that what cannot be bound is refused here. Throws `FlightError`, `EngineError`,
 * `ArrowConversionError`, `ProtocolError`.
 */
export async function bindParameters(
  engine: Engine,
  handle: Uint8Array,
  first: FlightDataParts,
  upload: PutStream,
  call: FlightCall,
): Promise<Uint8Array> {
  const { sql } = decodeHandle(handle)
  if (first.header.length === 0) throw invalidArgument('The first message has to carry the schema')
  const batch = await upload.next()
  if (batch === null || batch.header.length === 0) return encodeHandle({ sql, parameters: null })
  if ((await upload.next()) !== null) throw invalidArgument('parameters should contain a single row')
  const decoder = new StreamDecoder()
  decoder.push(first.header, first.body)
  const columnNames = decoder.schema!.fields.map((field) => field.name)
  const { parameters } = await engine.describe(sql, {
    signal: call.signal,
    readOnly: !call.principal.canWrite,
  })
  const bound = {
    names: placeholderNames(
      columnNames,
      parameters.map((parameter) => parameter.name),
    ),
    schemaHeader: first.header,
    batchHeader: batch.header,
    batchBody: batch.body,
  }
  const isEmpty = boundValues(bound).size === 0
  return encodeHandle({ sql, parameters: isEmpty ? null : bound })
}
