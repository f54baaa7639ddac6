import { ConnectionError, LimitError, OptionsError, ProtocolError, SidecarError } from '../errors.ts'

/**
 * undici's and the socket's errors as this package's.
 * @param sent whether the request was written to a connection: only then may the peer have processed it
 */
export function connectionFailure(error: unknown, origin: string, sent: boolean): SidecarError {
  if (error instanceof SidecarError) return error
  const { code = '', message, name } = rootOf(error)
  if (code === 'UND_ERR_INVALID_ARG') {
    return new OptionsError(`The request to ${origin} cannot be sent: ${message}`, { cause: error })
  }
  if (!sent) {
    const what = code === 'ECONNREFUSED' ? 'connection refused' : message || code
    return new ConnectionError('CONNECTION_FAILED', `Cannot connect to ${origin}: ${what}`, {
      cause: error,
      unprocessed: true,
    })
  }
  // undici gives the parser's errors no code. One of them says no more than that the connection ended early.
  if (name === 'HTTPParserError' && !message.includes('EOF')) {
    return new ProtocolError(`${origin} answers, but not in HTTP: ${message}`, { cause: error })
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new LimitError(`The headers of ${origin}'s answer are larger than Node accepts`, { cause: error })
  }
  return new ConnectionError(
    'CONNECTION_LOST',
    `The connection to ${origin} was lost before the answer was complete: ${message || code}`,
    { cause: error },
  )
}

/** A failed connect to several addresses comes as an AggregateError without a message of its own. */
function rootOf(error: unknown): { code?: string; message: string; name: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0])
  if (!(error instanceof Error)) return { message: String(error), name: '' }
  return { code: (error as NodeJS.ErrnoException).code, message: error.message, name: error.name }
}
