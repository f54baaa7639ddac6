import { OptionsError } from '../errors.ts'

/** What a socket fails with; errors of OpenSSL carry their reason apart from a message of addresses and line numbers. */
export type SocketError = NodeJS.ErrnoException & { reason?: string }

/** How TLS fails, by Node's code or in the words of OpenSSL, and what that means for the one who connects. */
const TLS_FAILURES: ReadonlyArray<readonly [pattern: RegExp, meaning: string]> = [
  [
    /wrong.version.number|packet.length.too.long/i,
    'does not speak TLS; the scheme without it is PLAIN, if that is meant',
  ],
  [/no.application.protocol/i, 'speaks TLS but not HTTP/2 (ALPN h2)'],
  [
    /DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|self.signed certificate|unable to (?:verify|get)/i,
    'has a certificate that cannot be verified (REASON); give that of its authority as tls.ca',
  ],
  [
    /ALTNAME_INVALID|does not match certificate/i,
    'has a certificate for another name (REASON); give the name to expect as tls.servername',
  ],
]

/**
 * Why TLS failed before its connection stood, as the end of a sentence that begins with the address;
 * undefined when something else failed. grpc-js and `node:https` pass on words where there was a code.
 * @param plain the scheme of the same protocol without TLS, such as `grpc://`
 */
export function explainTlsFailure(cause: SocketError, plain: string): string | undefined {
  const words = `${cause.code ?? ''} ${cause.message}`
  const meaning = TLS_FAILURES.find(([pattern]) => pattern.test(words))?.[1]
  const reason = opensslReason(cause)
  if (meaning === undefined) return reason && `failed: ${reason}`
  return meaning.replace('PLAIN', plain).replace('REASON', reason ?? cause.message.trim())
}

/** What a socket failed with before its connection stood, as the end of a sentence that begins with the address. */
export function explainConnectFailure(cause: SocketError): string {
  switch (cause.code) {
    case 'ECONNREFUSED':
      return 'refused the connection (ECONNREFUSED)'
    case 'ENOENT':
      return 'does not exist (ENOENT)'
    default:
      return explainTlsFailure(cause, 'grpc://') ?? `failed: ${explainLoss(cause)}`
  }
}

/** What ended a connection. A certificate that is missing comes to light only then, in TLS 1.3. */
export function explainLoss({ code, message, reason }: SocketError): string {
  if (code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED') {
    return 'the peer wants a certificate; give one as tls.cert and tls.key'
  }
  return reason ?? message
}

/** node:tls throws for certificates and keys it cannot read. */
export function unusableTls(peer: string, cause: unknown): OptionsError {
  const words = cause instanceof Error ? cause.message : String(cause)
  return new OptionsError(`cannot connect to ${peer}: option tls: ${words}`, { cause })
}

/** `80FC26FD0D7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…/ssl3_record.c:350:` */
function opensslReason({ message }: SocketError): string | undefined {
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1]
}
