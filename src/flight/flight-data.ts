import { ProtocolError } from '../errors.ts'
import { FlightDescriptor } from './messages.generated.ts'
import { encode, type MessageInit } from './protobuf.ts'
import { varintLength, writeVarint } from './varint.ts'

/**
 * `FlightData`, the message record batches travel in, read and written without the table-driven codec:
 * it is the only Flight message on the hot path. Field numbers as in proto/flight.proto.
 */

const TAG_DESCRIPTOR = (1 << 3) | 2
const TAG_HEADER = (2 << 3) | 2
const TAG_APP_METADATA = (3 << 3) | 2
const TAG_BODY = (1000 << 3) | 2
/** `TAG_BODY` takes two bytes. */
const BODY_TAG_LENGTH = 2

const EMPTY: Uint8Array = new Uint8Array(0)

/** The parts of one FlightData message, as views into it; absent parts are empty. */
export interface FlightDataParts {
  /** The flatbuffer Message of Arrow IPC, without length prefix. */
  header: Uint8Array
  /** That message's body: the buffers of a batch. */
  body: Uint8Array
  appMetadata: Uint8Array
  /** The encoded FlightDescriptor; first message of an upload only. */
  descriptor: Uint8Array
}

/** Finds the parts of a FlightData message in place. Throws `ProtocolError`. */
export function parseFlightData(message: Uint8Array): FlightDataParts {
  let header = EMPTY
  let body = EMPTY
  let appMetadata = EMPTY
  let descriptor = EMPTY
  const end = message.length
  let at = 0
  while (at < end) {
    // Varints are read in line: a call that returned value and position would allocate per field.
    let tag = message[at++]
    if (tag >= 0x80) {
      let shift = 7
      let byte = 0
      tag &= 0x7f
      do {
        if (at >= end || shift > 28) throw malformed('a tag', at)
        byte = message[at++]
        tag = (tag | ((byte & 0x7f) << shift)) >>> 0
        shift += 7
      } while (byte >= 0x80)
    }
    const wireType = tag & 7
    if (wireType !== 2) {
      at = skipNumber(message, at, wireType)
      continue
    }
    let length = 0
    let scale = 1
    for (;;) {
      if (at >= end || scale > 2 ** 28) throw malformed('a length', at)
      const byte = message[at++]
      length += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
    }
    if (length > end - at) throw malformed('a field longer than the message', at)
    const next = at + length
    if (tag === TAG_HEADER) header = view(message, at, length)
    else if (tag === TAG_BODY) body = view(message, at, length)
    else if (tag === TAG_APP_METADATA) appMetadata = view(message, at, length)
    else if (tag === TAG_DESCRIPTOR) descriptor = view(message, at, length)
    at = next
  }
  return { header, body, appMetadata, descriptor }
}

/**
 * A plain `Uint8Array`, whatever the message is: a `Buffer`'s own `subarray` would make the binary values
 * of rows Buffers.
 */
function view(message: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(message.buffer, message.byteOffset + at, length)
}

/** The position after a field that is not length-delimited; FlightData has none that we know. */
function skipNumber(message: Uint8Array, start: number, wireType: number): number {
  let at = start
  if (wireType === 0) {
    for (let count = 0; count < 10 && at < message.length; count++) if (message[at++] < 0x80) return at
    throw malformed('a varint', at)
  }
  if (wireType === 1) at += 8
  else if (wireType === 5) at += 4
  else throw malformed(`wire type ${wireType}`, at)
  if (at > message.length) throw malformed('a number cut short', start)
  return at
}

function malformed(what: string, at: number): ProtocolError {
  return new ProtocolError(`Not a valid FlightData message: ${what} at byte ${at}`)
}

/**
 * `CallOptions.alignAt` for FlightData: where the body's first byte lies in a message of `length` bytes whose
 * first are `bytes[start, end)`, or -1 when there is no body or these bytes do not tell. Every known server
 * writes the fields in the order of their numbers and the body last, so what lies between the header and the
 * body is known even when the bytes end before it. A wrong guess costs a copy later, never a wrong value.
 */
export function bodyOffset(bytes: Uint8Array, start: number, end: number, length: number): number {
  let at = start
  while (at < end) {
    const tag = bytes[at]
    if (tag === (TAG_BODY & 0x7f) + 0x80) return bodyAfterTag(at - start, length)
    if (tag !== TAG_HEADER && tag !== TAG_APP_METADATA && tag !== TAG_DESCRIPTOR) return -1
    let fieldLength = 0
    let scale = 1
    let next = at + 1
    for (;;) {
      if (next >= end || scale > 2 ** 28) return -1
      const byte = bytes[next++]
      fieldLength += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 128
    }
    at = next + fieldLength
    // Past the bytes known: only a header is likely to be followed by the body at once.
    if (at >= end) return tag === TAG_HEADER ? bodyAfterTag(at - start, length) : -1
  }
  return -1
}

/** The body starts after its tag at `at` and its length, and reaches to the end of the message. */
function bodyAfterTag(at: number, length: number): number {
  const rest = length - at - BODY_TAG_LENGTH
  for (let prefix = 1; prefix <= 5 && prefix < rest; prefix++) {
    if (varintLength(rest - prefix) === prefix) return at + BODY_TAG_LENGTH + prefix
  }
  return -1
}

export interface FlightDataInit {
  descriptor?: MessageInit<FlightDescriptor>
  header?: Uint8Array
  appMetadata?: Uint8Array
  /** Parts are written one after the other, as the IPC encoder gives them. */
  body?: Uint8Array | readonly Uint8Array[]
}

/** One FlightData message in a buffer of its own. The body is copied once. */
export function encodeFlightData(init: FlightDataInit): Uint8Array {
  const descriptor = init.descriptor === undefined ? undefined : encode(FlightDescriptor, init.descriptor)
  const { header, appMetadata } = init
  const body = init.body instanceof Uint8Array ? [init.body] : (init.body ?? [])
  let bodyLength = 0
  for (const part of body) bodyLength += part.length
  const out = new Uint8Array(
    fieldLength(TAG_DESCRIPTOR, descriptor?.length) +
      fieldLength(TAG_HEADER, header?.length) +
      fieldLength(TAG_APP_METADATA, appMetadata?.length) +
      fieldLength(TAG_BODY, bodyLength),
  )
  let at = writeField(TAG_DESCRIPTOR, descriptor, out, 0)
  at = writeField(TAG_HEADER, header, out, at)
  at = writeField(TAG_APP_METADATA, appMetadata, out, at)
  if (bodyLength > 0) {
    at = writeVarint(bodyLength, out, writeVarint(TAG_BODY, out, at))
    for (const part of body) {
      out.set(part, at)
      at += part.length
    }
  }
  return out
}

function fieldLength(tag: number, length: number | undefined): number {
  return length ? varintLength(tag) + varintLength(length) + length : 0
}

function writeField(tag: number, bytes: Uint8Array | undefined, out: Uint8Array, at: number): number {
  if (bytes === undefined || bytes.length === 0) return at
  const start = writeVarint(bytes.length, out, writeVarint(tag, out, at))
  out.set(bytes, start)
  return start + bytes.length
}
