import { LimitError, ProtocolError, UnsupportedError } from '../errors.ts'
import { int64Number } from './array-data.ts'
import { decompressLz4Frame } from './lz4-frame.ts'
import { decompressZstdFrame } from './zstd-frame.ts'

const CODEC_LZ4_FRAME = 0
const CODEC_ZSTD = 1

/**
 * Decompresses a body whose buffers are compressed one by one (BodyCompression in Message.fbs): each begins
 * with its true length as a 64-bit integer, where -1 says that what follows is not compressed.
 * @param parts position and length of each buffer in `body`
 * @returns one new body with every buffer on a 64-byte boundary, and where each lies in it
 */
export function decompressBody(
  body: Uint8Array,
  parts: readonly number[],
  codec: number,
  maxBytes: number,
): { bytes: Uint8Array; positions: number[] } {
  if (codec !== CODEC_LZ4_FRAME && codec !== CODEC_ZSTD)
    throw new UnsupportedError(
      `Arrow batch: compression codec ${codec} is not supported; LZ4 frame and ZSTD are`,
    )
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const positions: number[] = []
  let total = 0
  for (let i = 0; i < parts.length; i += 2) {
    const length = uncompressedLength(view, parts[i]!, parts[i + 1]!)
    positions.push(total, length)
    total += Math.ceil(length / 64) * 64
    if (total > maxBytes)
      throw new LimitError(`Arrow batch: decompresses to more than ${maxBytes} bytes (maxDecompressedBytes)`)
  }
  const bytes = new Uint8Array(total)
  for (let i = 0; i < parts.length; i += 2) {
    const length = positions[i + 1]!
    if (length === 0) continue
    const start = parts[i]! + 8
    const source = body.subarray(start, parts[i]! + parts[i + 1]!)
    const target = bytes.subarray(positions[i]!, positions[i]! + length)
    if (view.getInt32(parts[i]! + 4, true) < 0) target.set(source)
    else decompressInto(source, target, codec)
  }
  return { bytes, positions }
}

function uncompressedLength(view: DataView, position: number, length: number): number {
  if (length === 0) return 0
  if (length < 8) throw new ProtocolError('Arrow batch: a compressed buffer lacks its length')
  const claimed = int64Number(view, position)
  if (claimed === -1) return length - 8
  if (claimed < 0) throw new ProtocolError(`Arrow batch: a compressed buffer claims a length of ${claimed}`)
  return claimed
}

/** Fills `target` exactly, or throws `ProtocolError`. */
function decompressInto(source: Uint8Array, target: Uint8Array, codec: number): void {
  let written: number
  try {
    written = codec === CODEC_LZ4_FRAME ? decompressLz4Frame(source, target) : decompressZstd(source, target)
  } catch (cause) {
    throw new ProtocolError('Arrow batch: a compressed buffer is broken', { cause })
  }
  if (written !== target.length)
    throw new ProtocolError(
      `Arrow batch: a buffer decompresses to ${written} bytes or fewer, not to ${target.length}`,
    )
}

type NativeZstd = (source: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

function decompressZstd(source: Uint8Array, target: Uint8Array): number {
  // Absent before Node 22.15. Looked up here, because loading node:zlib with the module delays every start.
  const zlib = process.getBuiltinModule('node:zlib') as { zstdDecompressSync?: NativeZstd }
  const nativeZstd = zlib.zstdDecompressSync
  if (nativeZstd === undefined) return decompressZstdFrame(source, target)
  const output = nativeZstd(source, { maxOutputLength: target.length })
  target.set(output)
  return output.length
}
