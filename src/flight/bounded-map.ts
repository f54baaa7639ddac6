/** A map that forgets what was used longest ago once it holds more than its limit. */
export class BoundedMap<V> {
  private readonly entries = new Map<string, V>()
  private readonly limit: number
  private readonly onEvict: ((value: V) => void) | undefined
  private newest: string | undefined

  constructor(limit: number, onEvict?: (value: V) => void) {
    this.limit = limit
    this.onEvict = onEvict
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string): V | undefined {
    const value = this.entries.get(key)
    if (value !== undefined && key !== this.newest) {
      // A Map keeps insertion order: what is used again moves to the end, unless it is there.
      this.entries.delete(key)
      this.entries.set(key, value)
      this.newest = key
    }
    return value
  }

  set(key: string, value: V): void {
    this.entries.delete(key)
    this.entries.set(key, value)
    this.newest = key
    if (this.entries.size <= this.limit) return
    const [oldest, evicted] = this.entries.entries().next().value as [string, V]
    this.entries.delete(oldest)
    this.onEvict?.(evicted)
  }

  delete(key: string): void {
    this.entries.delete(key)
  }

  /** Empties the map and returns what it held. */
  drain(): V[] {
    const values = [...this.entries.values()]
    this.entries.clear()
    return values
  }
}
