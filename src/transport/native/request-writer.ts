import type { NativeCall } from './call.ts'
import {
  DEFAULT_FRAME_SIZE,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  writeFrameHeader,
  writeUint32,
} from './frames.ts'
import { EMPTY_TABLE_UPDATE } from './hpack-encoder.ts'
import type { Outgoing } from './outgoing.ts'
import { writeTimeout } from './request-headers.ts'
import type { SendQueue } from './send-queue.ts'

const PREFIX_BYTES = 5
/** Room for `grpc-timeout` with its longest value, and the table update. */
const EXTRA_BYTES = 32

/** Writes HEADERS and, when the request message is known and fits, the DATA frame beside it. */
export function writeRequest(call: NativeCall, now: number, out: Outgoing, queue: SendQueue): void {
  const { pathFields, metadataFields, request } = call
  const room = pathFields.bytes.length + metadataFields.bytes.length + EXTRA_BYTES
  const target = out.reserve(FRAME_HEADER_BYTES + room)
  const headersAt = out.position
  let at = headersAt + FRAME_HEADER_BYTES
  if (call.streamId === 1) target[at++] = EMPTY_TABLE_UPDATE
  target.set(pathFields.bytes, at)
  at += pathFields.bytes.length
  if (metadataFields.bytes.length > 0) {
    target.set(metadataFields.bytes, at)
    at += metadataFields.bytes.length
  }
  if (call.deadline !== Number.POSITIVE_INFINITY) {
    at = writeTimeout(target, at, call.deadline - now)
  }
  const length = at - headersAt - FRAME_HEADER_BYTES
  if (length <= DEFAULT_FRAME_SIZE) {
    writeFrameHeader(target, headersAt, length, FrameType.HEADERS, Flag.END_HEADERS, call.streamId)
    out.advance(at)
  } else writeLongBlock(Buffer.from(target.subarray(headersAt + FRAME_HEADER_BYTES, at)), call.streamId, out)

  if (request === null) {
    queue.add(call)
    return
  }
  const bytes = PREFIX_BYTES + request.length
  if (!queue.allows(bytes)) {
    call.sendAll(request)
    queue.add(call)
    return
  }
  out.frameHeader(bytes, FrameType.DATA, Flag.END_STREAM, call.streamId)
  const prefix = out.reserve(PREFIX_BYTES)
  prefix[out.position] = 0
  out.advance(writeUint32(prefix, out.position + 1, request.length))
  out.bytes(request)
  queue.spend(bytes)
  call.sendWindow -= bytes
  call.sentEnd = true
}

/** A block too long for one frame: HEADERS and CONTINUATION. Every peer takes frames of 16 KiB. */
function writeLongBlock(block: Buffer, streamId: number, out: Outgoing): void {
  for (let at = 0; at < block.length; at += DEFAULT_FRAME_SIZE) {
    const end = Math.min(block.length, at + DEFAULT_FRAME_SIZE)
    const flags = end === block.length ? Flag.END_HEADERS : 0
    out.frameHeader(end - at, at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION, flags, streamId)
    out.bytes(block.subarray(at, end))
  }
}
