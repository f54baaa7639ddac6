import { MAX_BLOCK_BYTES, ZstdBlocks } from './zstd-block.ts'
import { brokenZstd } from './zstd-entropy.ts'

const MAGIC = 0xfd2fb528

/**
 * Decompresses one ZSTD frame into `target`, for Node before 22.15, which lacks it. Never writes beyond
 * `target`, takes no memory for the window a frame asks for (its data lies in `target`), and does no more work
 * than the bytes read and written account for. Returns the bytes written. Checksums are not verified: the
 * transport below has its own. Throws `ProtocolError` for broken data. Format: RFC 8878, section 3.1.1.
 */
export function decompressZstdFrame(source: Uint8Array, target: Uint8Array): number {
  const view = new DataView(source.buffer, source.byteOffset, source.length)
  if (source.length < 6 || view.getUint32(0, true) !== MAGIC) throw brokenZstd('no frame')
  const descriptor = source[4]!
  if ((descriptor & 0x08) !== 0) throw brokenZstd('a frame uses a reserved bit')
  if ((descriptor & 0x03) !== 0) throw brokenZstd('a frame needs a dictionary')
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  let position = isSingleSegment ? 5 : 6
  let contentSize = -1
  if (isSingleSegment || sizeFlag > 0) {
    const bytes = 2 ** sizeFlag
    if (position + bytes > source.length) throw brokenZstd('the frame ends early')
    contentSize = bytes === 2 ? 256 : 0
    for (let i = 0; i < bytes; i++) contentSize += source[position + i]! * 256 ** i
    if (contentSize !== target.length) throw brokenZstd(`a frame of ${contentSize} bytes`)
    position += bytes
  }
  const blocks = new ZstdBlocks(source, target, 0)
  let written = 0
  for (let isLast = false; !isLast; ) {
    if (position + 3 > source.length) throw brokenZstd('the frame ends early')
    const header = source[position]! | (source[position + 1]! << 8) | (source[position + 2]! << 16)
    position += 3
    isLast = (header & 1) !== 0
    const type = (header >> 1) & 3
    const size = header >> 3
    const length = type === 1 ? 1 : size
    if (size > MAX_BLOCK_BYTES) throw brokenZstd('a block is too large')
    if (position + length > source.length) throw brokenZstd('a block ends early')
    if (type === 2) {
      written = blocks.decompress(position, position + size, written)
    } else {
      if (type === 3) throw brokenZstd('a block of reserved type')
      if (written + size > target.length) throw brokenZstd('more data than announced')
      if (type === 0) target.set(source.subarray(position, position + size), written)
      else target.fill(source[position]!, written, written + size)
      written += size
    }
    position += length
  }
  return written
}
