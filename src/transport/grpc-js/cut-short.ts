/** Objects to look at on the way down from a call: the way is five long in grpc-js 1.14. */
const MAX_VISITED = 32

interface FrameDecoder {
  /** 0 between messages. */
  readState: number
}

/**
 * Whether the response of a call that has ended stopped in the middle of a message. grpc-js gives such a call
 * status OK when the trailers say so, without the message and without a word. It has no public way to tell;
 * its frame decoder, which belongs to the innermost of the calls a call is made of, knows. False when the
 * decoder is not found.
 */
export function endedInsideMessage(call: object): boolean {
  const found: unknown[] = [call]
  for (let i = 0; i < found.length && i < MAX_VISITED; i++) {
    const candidate = found[i] as Record<string, unknown> | null | undefined
    if (typeof candidate !== 'object' || candidate === null) continue
    const decoder = candidate.decoder as FrameDecoder | undefined
    if (typeof decoder?.readState === 'number') return decoder.readState !== 0
    found.push(candidate.child, candidate.call)
    if (Array.isArray(candidate.underlyingCalls)) found.push(...candidate.underlyingCalls)
  }
  return false
}
