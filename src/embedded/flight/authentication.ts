import { randomUUID } from 'node:crypto'
import { type Metadata, status } from '@grpc/grpc-js'
import type { Authenticator, Principal } from '../authenticator.ts'
import { FlightError } from './flight-error.ts'

export type { Principal }

const MAX_SESSIONS = 10_000

/**
 * Bearer tokens of Flight calls: an API key, or a session that a Handshake gave out for one. Sessions live
 * in this process only and end with their key. Prefixes are case-sensitive, as the runtime's are.
 */
export class FlightAuthentication {
  private readonly authenticator: Authenticator
  private readonly keysBySession = new Map<string, string>()

  constructor(authenticator: Authenticator) {
    this.authenticator = authenticator
  }

  get enabled(): boolean {
    return this.authenticator.enabled
  }

  /** Throws `FlightError` UNAUTHENTICATED. */
  authenticate(metadata: Metadata): Principal {
    if (!this.enabled) return this.authenticator.authenticate(undefined)!
    const token = credentials(metadata, 'Bearer ')
    const principal = this.authenticator.authenticate(this.keysBySession.get(token) ?? token)
    if (principal === null) throw unauthenticated('Invalid credentials')
    return principal
  }

  /** Opens a session for the key that is the password of a Basic authorization. */
  openSession(metadata: Metadata): string {
    const session = randomUUID()
    if (!this.enabled) return session
    const decoded = Buffer.from(credentials(metadata, 'Basic '), 'base64').toString()
    const colon = decoded.indexOf(':')
    if (colon < 0) throw unauthenticated('Invalid authorization header')
    const key = decoded.slice(colon + 1)
    if (this.authenticator.authenticate(key) === null) throw unauthenticated('Invalid credentials')
    this.keysBySession.set(session, key)
    if (this.keysBySession.size > MAX_SESSIONS) {
      this.keysBySession.delete(this.keysBySession.keys().next().value!)
    }
    return session
  }
}

function credentials(metadata: Metadata, prefix: 'Basic ' | 'Bearer '): string {
  const [authorization] = metadata.get('authorization')
  if (authorization === undefined) throw unauthenticated('Missing authorization header')
  const text = String(authorization)
  if (!text.startsWith(prefix)) throw unauthenticated('Invalid authorization header')
  return text.slice(prefix.length)
}

export function unauthenticated(message: string): FlightError {
  return new FlightError(status.UNAUTHENTICATED, message)
}
