import { type AddressInfo, isIP } from 'node:net'
import { OptionsError } from '../errors.ts'
import type { BindAddress } from './runtime-context.ts'

/**
 * Reads `127.0.0.1:8090` or `[::1]:8090`: an IP address and a port, where 0 lets the system choose.
 * Names are refused, as the runtime refuses them. Throws `OptionsError` naming `option`.
 */
export function parseBindAddress(option: string, text: string): BindAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2] ?? ''
  const port = Number(match?.[3])
  if (isIP(host) === 0 || port > 65_535) {
    throw new OptionsError(
      `${option}: "${text}" is no address to listen on; write IP:PORT, such as 127.0.0.1:8090 or [::1]:0`,
    )
  }
  return { host, port }
}

export function formatAddress({ address, port }: Pick<AddressInfo, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Says in one line why an address cannot be listened on. */
export function bindError(bind: BindAddress, cause: unknown): OptionsError {
  if (cause instanceof OptionsError) return cause
  const address = formatAddress({ address: bind.host, port: bind.port })
  const reason =
    // gRPC's error has no code, only the text.
    (cause as Error).message.includes('EADDRINUSE')
      ? 'is already in use by another process; stop it or choose another port (0 for any free one)'
      : `cannot be listened on: ${(cause as Error).message}`
  return new OptionsError(`Address ${address} ${reason}`, { cause })
}
