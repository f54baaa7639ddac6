import { LimitError, ProtocolError, SidecarError } from '../../errors.ts'
import type { NativeCall } from './call.ts'
import type { FrameSink } from './frame-reader.ts'
import { Flag, FrameType, MAX_WINDOW, readUint32 } from './frames.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { ConnectionViolation, ErrorCode, errorCodeName } from './http2-error.ts'
import type { KeepAlive } from './keep-alive.ts'
import { NO_METADATA } from './metadata.ts'
import type { Outgoing } from './outgoing.ts'
import type { PeerBudget } from './peer-budget.ts'
import type { PeerSettings } from './peer-settings.ts'
import type { SendQueue } from './send-queue.ts'
import { resetError } from './status.ts'
import type { Streams } from './streams.ts'

/** Largest response header list, counted as RFC 9113, section 6.5.2, says. */
export const MAX_HEADER_LIST_BYTES = 256 * 1024
/** Granted receive window of the connection below which it is opened again. */
const CONNECTION_LOW_WATER = 2 ** 30

/** The parts of a connection that frames act on. */
export interface ConnectionParts {
  readonly out: Outgoing
  readonly peer: PeerSettings
  readonly streams: Streams
  readonly sendQueue: SendQueue
  readonly keepAlive: KeepAlive
  readonly budget: PeerBudget
}

/** What frames make a connection do. */
export interface FrameEvents {
  /** The peer's SETTINGS have been applied, for the first time or again. */
  onPeerSettings(): void
  onSettingsAcknowledged(): void
  /** Calls above the peer's last stream have to go elsewhere; `why` is for people. */
  /** @param calmly the peer has no fault to find */
  onGoaway(refused: NativeCall[], why: string, calmly: boolean): void
  /** Sends a frame with four bytes of payload, of which there are only as many as calls and their bytes. */
  answer(type: number, streamId: number, value: number): void
  /** Sends and counts an answer already written, of which the peer may ask for any number. */
  countAnswer(bytes: number): void
  /** Ends a stream from this side. */
  resetStream(call: NativeCall, code: number): void
  /** A stream has ended, or there may be room for more. */
  afterStream(): void
}

/** Acts on the frames of a connection: RFC 9113, section 6. Throws `ConnectionViolation`. */
export class FrameHandler implements FrameSink {
  readonly #parts: ConnectionParts
  readonly #events: FrameEvents
  readonly #hpack = new HpackDecoder(MAX_HEADER_LIST_BYTES)
  #receiveWindow = MAX_WINDOW
  /** The call whose DATA frame is being read, unless it has ended. */
  #dataCall: NativeCall | undefined
  /** Bytes of that frame for which no new window was granted yet. */
  #uncredited = 0

  constructor(parts: ConnectionParts, events: FrameEvents) {
    this.#parts = parts
    this.#events = events
  }

  onSettings(acknowledges: boolean, bytes: Buffer, start: number, end: number): void {
    const { budget, out, peer, sendQueue, streams } = this.#parts
    budget.idleFrame()
    if (acknowledges) {
      this.#events.onSettingsAcknowledged()
      return
    }
    const before = peer.initialWindow
    peer.apply(bytes, start, end)
    out.frameHeader(0, FrameType.SETTINGS, Flag.ACK, 0)
    this.#events.countAnswer(9)
    const change = peer.initialWindow - before
    for (const call of streams) {
      call.sendWindow += change
      if (call.sendWindow > MAX_WINDOW) {
        throw new ConnectionViolation(ErrorCode.FLOW_CONTROL_ERROR, 'a stream window grew beyond 2^31-1')
      }
      sendQueue.add(call)
    }
    this.#events.onPeerSettings()
  }

  onHeaderBlock(streamId: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const { budget, streams } = this.#parts
    const hpack = this.#hpack
    const fields = hpack.decode(block, start, end)
    const call = streams.find(streamId)
    if (call === undefined) {
      budget.strayFrame()
      return
    }
    this.#useful()
    let error: SidecarError | undefined
    if (hpack.malformed !== undefined) {
      error = new ProtocolError(`HTTP/2: a malformed response: ${hpack.malformed}`)
    } else if (hpack.overflowed) {
      error = new LimitError(`the response has more than ${MAX_HEADER_LIST_BYTES} bytes of metadata`)
    }
    if (endStream) {
      this.#peerEnded(call)
      error ??= call.onFields(fields, true)
      if (error !== undefined) call.finish(error, NO_METADATA)
      this.#events.afterStream()
      return
    }
    error ??= call.onFields(fields, false)
    if (error !== undefined) this.#failStream(call, ErrorCode.PROTOCOL_ERROR, error)
  }

  onDataStart(streamId: number, length: number): void {
    const { budget, streams } = this.#parts
    this.#receiveWindow -= length
    if (this.#receiveWindow < CONNECTION_LOW_WATER) {
      this.#events.answer(FrameType.WINDOW_UPDATE, 0, MAX_WINDOW - this.#receiveWindow)
      this.#receiveWindow = MAX_WINDOW
    }
    this.#uncredited = length
    const call = streams.find(streamId)
    this.#dataCall = call
    if (call === undefined) {
      budget.strayData(length)
      if (length === 0) budget.strayFrame()
      return
    }
    call.receiveWindow -= length
    if (call.receiveWindow < 0) {
      const error = new ProtocolError('HTTP/2: the peer sent more than the window of its stream allows')
      this.#failStream(call, ErrorCode.FLOW_CONTROL_ERROR, error)
    } else if (!call.acceptsData) {
      const error = new ProtocolError('HTTP/2: DATA before the response headers')
      this.#failStream(call, ErrorCode.PROTOCOL_ERROR, error)
    }
  }

  onDataBytes(bytes: Buffer, start: number, end: number): void {
    const call = this.#dataCall
    if (call === undefined || call.stream === null) return
    this.#useful()
    this.#uncredited -= end - start
    try {
      call.onData(bytes, start, end)
      call.credit(end - start)
    } catch (cause) {
      this.#failMessage(call, cause)
    }
  }

  onDataRoom(length: number): Uint8Array | null {
    const call = this.#dataCall
    return call === undefined || call.stream === null ? null : call.roomFor(length)
  }

  onDataPlaced(length: number): void {
    const call = this.#dataCall
    if (call === undefined || call.stream === null) return
    this.#useful()
    this.#uncredited -= length
    try {
      call.onDataPlaced(length)
      call.credit(length)
    } catch (cause) {
      this.#failMessage(call, cause)
    }
  }

  onDataEnd(endStream: boolean): void {
    const call = this.#dataCall
    this.#dataCall = undefined
    if (call === undefined || call.stream === null) return
    if (endStream) {
      this.#peerEnded(call)
      call.finish(call.endWithoutTrailers(), NO_METADATA)
      this.#events.afterStream()
    } else if (this.#uncredited > 0) call.credit(this.#uncredited)
    else this.#parts.budget.idleFrame()
  }

  onReset(streamId: number, code: number): void {
    const { budget, streams } = this.#parts
    const call = streams.find(streamId)
    if (call === undefined) {
      budget.strayFrame()
      return
    }
    this.#useful()
    streams.close(call)
    call.finish(resetError(code, call.acceptsData), NO_METADATA)
    this.#events.afterStream()
  }

  onPing(acknowledges: boolean, bytes: Buffer, start: number): void {
    const { budget, keepAlive, out } = this.#parts
    budget.idleFrame()
    const high = readUint32(bytes, start)
    const low = readUint32(bytes, start + 4)
    if (acknowledges) {
      if (high === 0) keepAlive.acknowledged(low)
      return
    }
    out.frameHeader(8, FrameType.PING, Flag.ACK, 0)
    out.uint32(high)
    out.uint32(low)
    this.#events.countAnswer(17)
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    const { budget, streams } = this.#parts
    budget.idleFrame()
    const words = debug === '' ? '' : ` ("${debug}")`
    const why = `the peer is going away (GOAWAY ${errorCodeName(code)}${words})`
    this.#events.onGoaway(streams.closeAbove(lastStreamId), why, code === ErrorCode.NO_ERROR)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    const { budget, sendQueue, streams } = this.#parts
    if (streamId === 0) {
      budget.idleFrame()
      if (increment === 0)
        throw new ConnectionViolation(ErrorCode.PROTOCOL_ERROR, 'a window update of nothing')
      sendQueue.widen(increment)
      return
    }
    const call = streams.find(streamId)
    if (call === undefined) {
      budget.strayFrame()
      return
    }
    budget.idleFrame()
    call.sendWindow += increment
    if (increment === 0) {
      const error = new ProtocolError('HTTP/2: a window update of nothing')
      this.#failStream(call, ErrorCode.PROTOCOL_ERROR, error)
    } else if (call.sendWindow > MAX_WINDOW) {
      const error = new ProtocolError('HTTP/2: a stream window grew beyond 2^31-1')
      this.#failStream(call, ErrorCode.FLOW_CONTROL_ERROR, error)
    } else sendQueue.add(call)
  }

  onIgnored(): void {
    this.#parts.budget.idleFrame()
  }

  #useful(): void {
    this.#parts.budget.usefulFrame()
    this.#parts.keepAlive.receivedWork()
  }

  /** The peer has sent END_STREAM; a request still being sent is of no use to it. */
  #peerEnded(call: NativeCall): void {
    this.#parts.streams.close(call)
    if (!call.sentEnd) this.#events.answer(FrameType.RST_STREAM, call.streamId, ErrorCode.CANCEL)
  }

  #failMessage(call: NativeCall, cause: unknown): void {
    const error =
      cause instanceof SidecarError
        ? cause
        : new ProtocolError('gRPC: a message could not be read', { cause })
    this.#failStream(call, ErrorCode.CANCEL, error)
  }

  #failStream(call: NativeCall, code: number, error: SidecarError): void {
    if (call.stream !== null) this.#events.resetStream(call, code)
    call.finish(error, NO_METADATA)
  }
}
