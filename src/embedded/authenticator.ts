import { createHash, timingSafeEqual } from 'node:crypto'
import { PUBLIC_PRINCIPAL } from './engine/engine.ts'

/** Who makes a request, as far as queries and rights go. */
export interface Principal {
  readonly id: string
  readonly canWrite: boolean
}

const ANYONE: Principal = { id: PUBLIC_PRINCIPAL, canWrite: true }

/**
 * API keys as a spicepod lists them: `key:rw` may write, `key:ro` and `key` may not, and a suffix that is
 * neither belongs to the key. Clients present the key without its suffix.
 */
export class Authenticator {
  private readonly keys: readonly { readonly digest: Buffer; readonly principal: Principal }[] | null

  /** `keys` null means that no key is asked for. */
  constructor(keys: readonly string[] | null) {
    this.keys =
      keys?.flatMap((configured, index) => {
        const [, key, scope] = /^(.*?)(?::(ro|rw))?$/s.exec(configured)!
        if (key === '') return []
        return [{ digest: digestOf(key), principal: { id: `key-${index}`, canWrite: scope === 'rw' } }]
      }) ?? null
  }

  get enabled(): boolean {
    return this.keys !== null
  }

  /** Null when the key is missing or wrong. Takes the same time for every wrong key. */
  authenticate(key: string | undefined): Principal | null {
    if (this.keys === null) return ANYONE
    if (key === undefined) return null
    const digest = digestOf(key)
    let found: Principal | null = null
    for (const known of this.keys) if (timingSafeEqual(known.digest, digest)) found = known.principal
    return found
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
