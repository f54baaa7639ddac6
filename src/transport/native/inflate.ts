import { LimitError, ProtocolError, UnsupportedError } from '../../errors.ts'
import type { AlignAt } from '../transport.ts'
import { allocateMessage } from './message-assembler.ts'

/**
 * Inflates a message whose compressed flag is set, to at most `maxBytes`. Throws `UnsupportedError` for an
 * encoding other than gzip and deflate, `LimitError` and `ProtocolError`. No compression is asked for, so
 * only a peer that insists sends any.
 */
export function inflateMessage(
  message: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
  alignAt: AlignAt | undefined,
): Uint8Array {
  if (encoding === undefined || encoding === 'identity') {
    throw new ProtocolError('gRPC: a message is marked compressed, but no grpc-encoding was announced')
  }
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw new UnsupportedError(
      `the peer compresses messages with "${encoding}", which was not offered; turn gRPC compression off there`,
    )
  }
  let inflated: Buffer
  try {
    // Loaded when a peer compresses, which is rare.
    const { gunzipSync, inflateSync } = process.getBuiltinModule('node:zlib')
    const options = { maxOutputLength: Math.max(maxBytes, 1) }
    inflated = encoding === 'gzip' ? gunzipSync(message, options) : inflateSync(message, options)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new LimitError(
        `gRPC: a compressed message is larger than maxMessageBytes (${maxBytes}) when inflated`,
      )
    }
    throw new ProtocolError(`gRPC: a message is not valid ${encoding}`, { cause })
  }
  if (inflated.length === 0) return inflated
  const aligned = allocateMessage(
    inflated.length,
    alignAt?.(inflated, 0, inflated.length, inflated.length) ?? -1,
  )
  aligned.set(inflated)
  return aligned
}
