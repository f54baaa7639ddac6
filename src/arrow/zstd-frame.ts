import { Decompress, decompress } from 'fzstd'
import { ProtocolError } from '../errors.ts'

const MAGIC = 0xfd2fb528
/** What the reference decoder allows by default: a window of 2^27 bytes. */
const MAX_WINDOW_BYTES = 1 << 27

/**
 * Decompresses one ZSTD frame into `target` with fzstd, for Node before 22.15, and returns the bytes
 * written. fzstd trusts what a frame says of itself, so that is checked first. Throws `ProtocolError`, or
 * fzstd's own error for a broken frame. Frame header: RFC 8878, section 3.1.1.1.
 */
export function decompressWithFzstd(source: Uint8Array, target: Uint8Array): number {
  if (source.length < 6) throw new ProtocolError('ZSTD: the frame ends early')
  const view = new DataView(source.buffer, source.byteOffset, source.length)
  if (view.getUint32(0, true) !== MAGIC) throw new ProtocolError('ZSTD: no frame')
  const contentSize = frameContentSize(source)
  if (contentSize === null) return decompressInPieces(source, target)
  if (contentSize === target.length) decompress(source, target)
  return contentSize
}

/** Null when the frame does not tell its size, as those of streaming compressors do not. */
function frameContentSize(frame: Uint8Array): number | null {
  const descriptor = frame[4]!
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  if (sizeFlag === 0 && !isSingleSegment) {
    const window = frame[5]!
    if (2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8) > MAX_WINDOW_BYTES)
      throw new ProtocolError('ZSTD: the frame asks for a window beyond 128 MiB')
    return null
  }
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const position = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes
  const bytes = 2 ** sizeFlag
  if (position + bytes > frame.length) throw new ProtocolError('ZSTD: the frame ends early')
  let size = bytes === 2 ? 256 : 0
  for (let i = 0; i < bytes; i++) size += frame[position + i]! * 256 ** i
  return size
}

/** Block by block, so that no more is made than was announced. */
function decompressInPieces(source: Uint8Array, target: Uint8Array): number {
  let written = 0
  const stream = new Decompress((piece) => {
    if (written + piece.length > target.length) throw new ProtocolError('ZSTD: more data than announced')
    target.set(piece, written)
    written += piece.length
  })
  stream.push(source, true)
  return written
}
