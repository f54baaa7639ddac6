import type { FlightAddress, MetadataEntries } from '../transport.ts'
import { type EncodedFields, encodeFields, writeField } from './hpack-encoder.ts'
import { requestFields } from './metadata.ts'

const MAX_PATHS = 64
const MAX_METADATA = 8
const NO_FIELDS: EncodedFields = { bytes: Buffer.alloc(0), listBytes: 0 }

interface CachedMetadata {
  entries: MetadataEntries
  encoded: EncodedFields
}

/** Encoded request header blocks by path and by metadata, since an application repeats both. */
export class RequestHeaders {
  readonly #address: FlightAddress
  readonly #userAgent: string | undefined
  readonly #paths = new Map<string, EncodedFields>()
  #metadata: CachedMetadata[] = []

  constructor(address: FlightAddress, userAgent: string | undefined) {
    this.#address = address
    this.#userAgent = userAgent
  }

  /** The fields every request to `path` has: "Request-Headers" in the gRPC over HTTP/2 specification. */
  forPath(path: string): EncodedFields {
    const known = this.#paths.get(path)
    if (known !== undefined) return known
    const fields: Array<readonly [string, string]> = [
      [':method', 'POST'],
      [':scheme', this.#address.secure ? 'https' : 'http'],
      [':path', path],
      [':authority', authority(this.#address)],
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
    ]
    if (this.#userAgent !== undefined) fields.push(['user-agent', this.#userAgent])
    const encoded = encodeFields(fields)
    if (this.#paths.size >= MAX_PATHS) this.#paths.clear()
    this.#paths.set(path, encoded)
    return encoded
  }

  /** Throws `OptionsError` for metadata that cannot be sent. */
  forMetadata(entries: MetadataEntries | undefined): EncodedFields {
    if (entries === undefined || entries.length === 0) return NO_FIELDS
    for (const cached of this.#metadata) if (sameEntries(cached.entries, entries)) return cached.encoded
    const encoded = encodeFields(requestFields(entries))
    if (entries.every(([, value]) => typeof value === 'string')) {
      const copy = entries.map(([name, value]) => [name, value] as const)
      this.#metadata = [{ entries: copy, encoded }, ...this.#metadata.slice(0, MAX_METADATA - 1)]
    }
    return encoded
  }
}

function sameEntries(a: MetadataEntries, b: MetadataEntries): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i][0] !== b[i][0] || a[i][1] !== b[i][1]) return false
  return true
}

/** `:authority` of a Unix socket is `localhost`, as in other gRPC clients. */
function authority({ host, port }: FlightAddress): string {
  if (port < 0) return 'localhost'
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

// The field last written in whole milliseconds: an application's timeouts are mostly the same one.
let knownTimeoutMs = -1
let knownTimeout = Buffer.alloc(0)

/** Writes `grpc-timeout` at `at`, where 32 bytes have to be free, and returns where it ends. */
export function writeTimeout(target: Buffer, at: number, milliseconds: number): number {
  const whole = Math.ceil(milliseconds)
  if (whole !== knownTimeoutMs) {
    const end = writeField(target, at, 'grpc-timeout', formatTimeout(milliseconds))
    if (milliseconds >= 1000) {
      knownTimeoutMs = whole
      knownTimeout = Buffer.from(target.subarray(at, end))
    }
    return end
  }
  target.set(knownTimeout, at)
  return at + knownTimeout.length
}

/**
 * Value of `grpc-timeout`: at most eight digits and a unit. Rounded up, so that the peer never gives up
 * before the deadline kept here.
 */
function formatTimeout(milliseconds: number): string {
  if (milliseconds <= 0) return '1u'
  if (milliseconds < 1000) return `${Math.ceil(milliseconds * 1000)}u`
  const whole = Math.ceil(milliseconds)
  if (whole < 100_000_000) return `${whole}m`
  return `${Math.min(99_999_999, Math.ceil(milliseconds / 1000))}S`
}
