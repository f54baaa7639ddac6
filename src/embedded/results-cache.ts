export interface ResultsCacheOptions {
  enabled: boolean
  /** How long an entry may be served. */
  ttlMs: number
  /** Upper bound of all entries together; the least recently used go first. */
  maxBytes: number
}

interface Entry {
  readonly value: unknown
  readonly bytes: number
  readonly expiresAt: number
}

/** A cache of encoded results. Keys must name everything the encoding depends on: protocol, format, SQL, parameters, principal. */
export class ResultsCache {
  readonly options: ResultsCacheOptions
  private readonly entries = new Map<string, Entry>()
  private bytes = 0

  constructor(options: ResultsCacheOptions) {
    this.options = options
  }

  get size(): number {
    return this.bytes
  }

  /** The largest result worth keeping, so that one result never displaces all others. */
  get maxEntryBytes(): number {
    return this.options.maxBytes / 8
  }

  get<Value>(key: string): Value | undefined {
    const entry = this.entries.get(key)
    if (!entry) return undefined
    this.delete(key, entry)
    if (entry.expiresAt <= performance.now()) return undefined
    this.entries.set(key, entry)
    this.bytes += entry.bytes
    return entry.value as Value
  }

  set(key: string, value: unknown, bytes: number): void {
    if (!this.options.enabled || bytes > this.maxEntryBytes) return
    const previous = this.entries.get(key)
    if (previous) this.delete(key, previous)
    this.entries.set(key, { value, bytes, expiresAt: performance.now() + this.options.ttlMs })
    this.bytes += bytes
    for (const [oldestKey, oldest] of this.entries) {
      if (this.bytes <= this.options.maxBytes) break
      this.delete(oldestKey, oldest)
    }
  }

  /** To be called whenever data changed. */
  clear(): void {
    this.entries.clear()
    this.bytes = 0
  }

  private delete(key: string, entry: Entry): void {
    this.entries.delete(key)
    this.bytes -= entry.bytes
  }
}
