import { OptionsError } from '../errors.ts'

/** Certificates that are not wrong in themselves, but that nobody this side trusts has signed. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What a socket fails with; errors of OpenSSL carry their reason apart from a message of addresses and line numbers. */
export type SocketError = NodeJS.ErrnoException & { reason?: string }

/** What a socket failed with before its connection stood, as the end of a sentence that begins with the address. */
export function explainConnectFailure(cause: SocketError): string {
  const { code = '', message } = cause
  if (UNTRUSTED.has(code)) {
    return `has a certificate that cannot be verified (${message}); give that of its authority as tls.ca`
  }
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused the connection (ECONNREFUSED)'
    case 'ENOENT':
      return 'does not exist (ENOENT)'
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'does not speak TLS; use grpc:// if it is not meant to'
    case 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL':
      return 'speaks TLS but not HTTP/2 (ALPN h2)'
    default:
      return `failed: ${explainLoss(cause)}`
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
