import type { LookupAddress } from 'node:dns'
import { connect as connectSocket, isIP, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { bracketed, formatFlightAddress } from '../../address.ts'
import { ConnectionError, type SidecarError } from '../../errors.ts'
import { explainConnectFailure, unusableTls } from '../socket-failure.ts'
import type { FlightAddress, TlsOptions } from '../transport.ts'
import { PatientTimer } from './patient-timer.ts'

/** One read takes at most this much: large enough that a stream of small frames costs few reads. */
const READ_BUFFER_BYTES = 256 * 1024
/** The next address is tried when one has not answered for so long: RFC 8305, section 5. */
const ATTEMPT_DELAY_MS = 250

/** Where the bytes of a socket go, once it has an owner. */
export interface Receiver {
  onBytes: ((bytes: Uint8Array, length: number) => void) | undefined
  /** What `onBytes` gets when nothing else is asked for; used again for every read. */
  readonly readBuffer: Buffer
  /** What the next read fills, from its start. */
  target: Uint8Array
}

export interface DialEvents {
  /** Called once, before any byte is read; set `receiver.onBytes` here. */
  onConnected(socket: Socket, receiver: Receiver, where: string): void
  /** `ConnectionError`, or `OptionsError` for TLS material that cannot be used. */
  onFailed(error: SidecarError): void
}

/**
 * Opens a connection to the first address that answers, starting the next whenever one fails or is slow.
 * Ends within `timeoutMs`, kept by a `PatientTimer`, with one of the events. Returns a function that gives
 * up, after which neither event comes.
 */
export function dial(
  address: FlightAddress,
  tls: TlsOptions | undefined,
  timeoutMs: number,
  events: DialEvents,
): () => void {
  const sockets = new Map<Socket, string>()
  const failures: string[] = []
  let candidates: string[] = []
  let causes: unknown[] = []
  let next = 0
  let settled = false
  let delay: NodeJS.Timeout | undefined
  const onTimeout = () => {
    for (const where of sockets.values()) failures.push(`${where} did not answer within ${timeoutMs} ms`)
    fail(failures.length > 0 ? '' : `looking up ${address.host} took more than ${timeoutMs} ms`)
  }
  const deadline = new PatientTimer(timeoutMs, onTimeout, true)

  function stop(except?: Socket): void {
    settled = true
    deadline.stop()
    clearTimeout(delay)
    for (const socket of sockets.keys()) if (socket !== except) socket.destroy()
    sockets.clear()
  }

  function fail(why: string): void {
    const tried = why === '' ? failures.join('; ') : why
    const cause = causes.length === 1 ? causes[0] : causes.length > 1 ? new AggregateError(causes) : undefined
    const where = formatFlightAddress(address)
    failWith(
      new ConnectionError('CONNECTION_FAILED', `cannot connect to ${where}: ${tried}. ${advice(address)}`, {
        cause,
        unprocessed: true,
      }),
    )
  }

  function failWith(error: SidecarError): void {
    if (settled) return
    stop()
    events.onFailed(error)
  }

  function attempt(): void {
    clearTimeout(delay)
    if (settled) return
    if (next >= candidates.length) {
      if (sockets.size === 0) fail('')
      return
    }
    const candidate = candidates[next++]
    const where = address.port < 0 ? `unix:${candidate}` : `${bracketed(candidate)}:${address.port}`
    const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
    const receiver: Receiver = { onBytes: undefined, readBuffer, target: readBuffer }
    let socket: Socket
    try {
      socket = openSocket(address, candidate, tls, receiver)
    } catch (cause) {
      // node:tls throws at once; the caller does not hold the function that gives up yet.
      process.nextTick(() => failWith(unusableTls(formatFlightAddress(address), cause)))
      return
    }
    sockets.set(socket, where)
    const refuse = (reason: string, cause?: unknown) => {
      if (!sockets.delete(socket)) return
      failures.push(`${where} ${reason}`)
      if (cause !== undefined) causes = [...causes, cause]
      socket.destroy()
      attempt()
    }
    const onError = (cause: NodeJS.ErrnoException) => refuse(explainConnectFailure(cause), cause)
    const onClose = () => refuse('closed the connection at once')
    socket.on('error', onError)
    socket.on('close', onClose)
    socket.once(address.secure ? 'secureConnect' : 'connect', () => {
      if (settled) return
      if (address.secure && (socket as TLSSocket).alpnProtocol !== 'h2') {
        refuse('speaks TLS but did not agree to HTTP/2 (ALPN h2)')
        return
      }
      stop(socket)
      socket.off('error', onError)
      socket.off('close', onClose)
      // Not as an option of the socket: node:tls overlooks it.
      socket.setNoDelay(true)
      events.onConnected(socket, receiver, where)
    })
    if (next < candidates.length) delay = setTimeout(attempt, ATTEMPT_DELAY_MS)
  }

  resolve(address, (error, found) => {
    if (settled) return
    if (error !== null) {
      causes = [error]
      fail(`${address.host} cannot be resolved (${error.code ?? error.message})`)
      return
    }
    candidates = found
    attempt()
  })
  return () => {
    if (!settled) stop()
  }
}

/** `localhost` is both loopback addresses without asking anyone. */
function resolve(
  address: FlightAddress,
  done: (error: NodeJS.ErrnoException | null, candidates: string[]) => void,
): void {
  if (address.port < 0 || isIP(address.host) !== 0) done(null, [address.host])
  else if (address.host === 'localhost') done(null, ['127.0.0.1', '::1'])
  else {
    // Loaded here, as node:tls below: each takes longer to load than a loopback connection to open.
    const { lookup } = process.getBuiltinModule('node:dns')
    lookup(address.host, { all: true }, (error, found: LookupAddress[]) => {
      done(error, error === null ? found.map((entry) => entry.address) : [])
    })
  }
}

function openSocket(
  address: FlightAddress,
  candidate: string,
  tls: TlsOptions | undefined,
  receiver: Receiver,
): Socket {
  let current: Uint8Array | undefined
  const onread = {
    // Asked before the first read and after every one. The socket keeps its buffer when it gets none, which
    // spares it the change for all reads but those of large messages.
    buffer: () => {
      if (receiver.target === current) return undefined as unknown as Uint8Array
      current = receiver.target
      return current
    },
    callback: (length: number, bytes: Uint8Array) => {
      receiver.onBytes?.(bytes, length)
      return true
    },
  }
  const target = address.port < 0 ? { path: candidate } : { host: candidate, port: address.port }
  if (!address.secure) return connectSocket({ ...target, onread })
  const name = tls?.servername ?? (address.port >= 0 && isIP(address.host) === 0 ? address.host : undefined)
  const options = {
    ...target,
    ca: tls?.ca as string | Buffer | undefined,
    cert: tls?.cert as string | Buffer | undefined,
    key: tls?.key as string | Buffer | undefined,
    passphrase: tls?.passphrase,
    rejectUnauthorized: tls?.rejectUnauthorized ?? true,
    ALPNProtocols: ['h2'],
    onread,
  }
  const { connect: connectTls } = process.getBuiltinModule('node:tls')
  return connectTls(name === undefined ? options : { ...options, servername: name })
}

function advice(address: FlightAddress): string {
  return `Is a runtime listening there${address.secure ? ' with TLS' : ''}, and is this its Flight address?`
}
