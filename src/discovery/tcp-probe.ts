import type { FlightAddress } from '../transport/transport.ts'

/** Null when something accepts connections there, otherwise why not, in words. */
export async function listens(
  address: FlightAddress,
  options: { probeTimeoutMs: number; signal?: AbortSignal },
): Promise<string | null> {
  const { connect } = await import('node:net')
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port })
    const settle = (outcome: string | null) => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(outcome)
    }
    const onAbort = () => settle('aborted')
    const timer = setTimeout(
      () => settle(`no answer within ${options.probeTimeoutMs} ms`),
      options.probeTimeoutMs,
    )
    options.signal?.addEventListener('abort', onAbort, { once: true })
    socket.on('connect', () => settle(null))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' ? 'connection refused' : (error.code ?? error.message)),
    )
  })
}
