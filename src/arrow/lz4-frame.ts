import { ProtocolError } from '../errors.ts'

const MAGIC = 0x184d2204
const UNCOMPRESSED_BLOCK = 0x80000000

/**
 * Decompresses one LZ4 frame into `target`, never writing beyond it, and returns the bytes written.
 * Checksums are not verified: the transport below has its own. Throws `ProtocolError` for broken data.
 * Format: lz4_Frame_format.md and lz4_Block_format.md of the LZ4 project.
 */
export function decompressLz4Frame(source: Uint8Array, target: Uint8Array): number {
  const view = new DataView(source.buffer, source.byteOffset, source.length)
  if (source.length < 7 || view.getUint32(0, true) !== MAGIC) throw broken('no LZ4 frame')
  const flags = source[4]!
  if (flags >> 6 !== 1) throw broken(`frame version ${flags >> 6}`)
  if ((flags & 1) !== 0) throw broken('it needs a dictionary')
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0
  let position = (flags & 0x08) !== 0 ? 15 : 7
  let written = 0
  for (;;) {
    if (position + 4 > source.length) throw broken('it ends early')
    const word = view.getUint32(position, true)
    position += 4
    if (word === 0) return written
    const size = word & 0x7fffffff
    if (position + size > source.length) throw broken('a block ends early')
    if (word >= UNCOMPRESSED_BLOCK) {
      if (written + size > target.length) throw broken('more data than announced')
      target.set(source.subarray(position, position + size), written)
      written += size
    } else {
      written = decompressBlock(source, position, position + size, target, written)
    }
    position += size + blockChecksum
  }
}

/** Appends one block at `written`; matches may reach back into earlier blocks. */
function decompressBlock(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  written: number,
): number {
  let position = start
  let output = written
  while (position < end) {
    const token = source[position++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255) {
        if (position >= end) throw broken('a length ends early')
        more = source[position++]!
        literals += more
      }
    }
    if (position + literals > end || output + literals > target.length) throw broken('literals out of range')
    for (let i = 0; i < literals; i++) target[output + i] = source[position + i]!
    position += literals
    output += literals
    if (position === end) return output
    if (position + 2 > end) throw broken('a match ends early')
    const distance = source[position]! | (source[position + 1]! << 8)
    position += 2
    if (distance === 0 || distance > output) throw broken('a match reaches before the data')
    let length = token & 15
    if (length === 15) {
      let more = 255
      while (more === 255) {
        if (position >= end) throw broken('a length ends early')
        more = source[position++]!
        length += more
      }
    }
    length += 4
    if (output + length > target.length) throw broken('more data than announced')
    // Byte by byte: a match may overlap what it writes.
    for (let i = 0; i < length; i++) target[output + i] = target[output + i - distance]!
    output += length
  }
  return output
}

function broken(what: string): ProtocolError {
  return new ProtocolError(`LZ4: ${what}`)
}
