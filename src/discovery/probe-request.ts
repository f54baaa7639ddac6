import type { ClientRequest, IncomingMessage } from 'node:http'
import type { RequestOptions } from 'node:https'
import { bracketed, type HttpAddress } from '../address.ts'
import { AbortError } from '../errors.ts'
import { explainTlsFailure } from '../transport/socket-failure.ts'
import type { TlsOptions } from '../transport/transport.ts'

/** What one GET brought: an answer, or why there was none. */
export type ProbeAnswer =
  | { answered: true; status: number; contentType: string; body: string }
  | { answered: false; problem: string; refused: boolean }

export interface ProbeOptions {
  headers?: Record<string, string>
  timeoutMs: number
  tls?: TlsOptions
  signal?: AbortSignal
}

/** What a probe reads at most; a status list is a few hundred bytes. */
const BODY_LIMIT = 64 * 1024

/**
 * One GET on a connection of its own. Never follows a redirect, reads at most 64 KiB, and ends within
 * `timeoutMs` whatever the peer does. Rejects only with `AbortError`. Uses `node:http`, since loading
 * undici would take longer than finding the runtime.
 */
export async function probeRequest(
  address: HttpAddress,
  path: string,
  options: ProbeOptions,
): Promise<ProbeAnswer> {
  const http = address.secure ? await import('node:https') : await import('node:http')
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal))
    let request: ClientRequest | undefined
    const release = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      request?.destroy()
    }
    const settle = (answer: ProbeAnswer) => {
      release()
      resolve(answer)
    }
    const onAbort = () => {
      release()
      reject(aborted(signal!))
    }
    const timer = setTimeout(
      () => settle({ answered: false, problem: `no answer within ${options.timeoutMs} ms`, refused: false }),
      options.timeoutMs,
    )
    const fail = (error: NodeJS.ErrnoException) =>
      settle({ answered: false, problem: describe(error, address.secure), refused: isRefusal(error) })
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      request = http.get(
        {
          host: address.host,
          port: address.port,
          path: address.basePath + path,
          headers: { host: `${bracketed(address.host)}:${address.port}`, ...options.headers },
          agent: false,
          ...(address.secure ? (options.tls as RequestOptions) : undefined),
        },
        (response) => readBody(response, settle, fail),
      )
      request.on('error', fail)
    } catch (error) {
      fail(error as NodeJS.ErrnoException)
    }
  })
}

function readBody(
  response: IncomingMessage,
  settle: (answer: ProbeAnswer) => void,
  fail: (error: NodeJS.ErrnoException) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  const done = () =>
    settle({
      answered: true,
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString('utf8'),
    })
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > BODY_LIMIT) done()
  })
  response.on('end', done)
  response.on('error', fail)
}

function describe(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, secure: boolean): string {
  const inTls = secure ? explainTlsFailure(error, 'http://') : undefined
  if (inTls !== undefined) return inTls
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host name not found'
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection was closed without an answer${secure ? '' : '; does it want TLS (https://)?'}`
    default:
      if (error.code?.startsWith('HPE_')) return notHttp(error.rawPacket, error.message)
      return error.code ? `${error.code}: ${error.message}` : error.message
  }
}

/** Names what speaks instead of HTTP/1, as far as its first bytes tell. */
function notHttp(firstBytes: Buffer | undefined, problem: string): string {
  const [first, second, , frameType] = firstBytes ?? []
  if (first === 0x15 && second === 0x03) return 'speaks TLS; write https://'
  // A SETTINGS frame, with which every HTTP/2 server begins.
  if (first === 0 && second === 0 && frameType === 4) {
    return 'answers in HTTP/2, but not in HTTP/1; a Flight address is given as flightUrl, grpc://host:port'
  }
  return `answers, but not in HTTP (${problem})`
}

/** Nothing listens there now, though something may soon. */
function isRefusal(error: NodeJS.ErrnoException): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    error.code ?? '',
  )
}

function aborted(signal: AbortSignal): AbortError {
  return new AbortError('Connecting was aborted by its signal', { cause: signal.reason })
}
