/** Names the protocol a peer speaks instead of HTTP/2, as far as its first bytes tell. */
export function notHttp2(firstBytes: Buffer): string {
  const text = firstBytes.toString('latin1')
  if (text.startsWith('HTTP/1')) return 'the peer speaks HTTP/1, not gRPC; is this the Flight port?'
  if (firstBytes[0] === 0x15 && firstBytes[1] === 0x03) return 'the peer speaks TLS; use grpc+tls://'
  return 'the peer does not speak HTTP/2: its first frame is not SETTINGS'
}

/** What servers with TLS do to a client without, and others that do not know HTTP/2. */
export const CLOSED_BEFORE_SETTINGS =
  'the peer closed it without a word of HTTP/2; is this the Flight port, and with TLS (grpc+tls://) or without (grpc://)?'
