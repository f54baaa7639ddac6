/** Characters gathered before they are written: a line at a time is a system call a line. */
const FULL = 64 * 1024

/** Writes to standard output and waits while its reader is slower than we are. */
export async function writeText(chunk: string | Uint8Array): Promise<void> {
  if (process.stdout.write(chunk)) return
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
}

/** Lines on their way to standard output: together where they come together, and never held back while more are awaited. */
export class LineOutput {
  #pending = ''
  #flush: NodeJS.Immediate | undefined

  /** Resolves at once, or when the reader has caught up. */
  write(text: string): Promise<void> | undefined {
    this.#pending += text
    if (this.#pending.length >= FULL) return this.end()
    // The rows of one batch come without a turn of the event loop between them.
    this.#flush ??= setImmediate(() => void this.end())
    return undefined
  }

  /** Writes what is left. */
  async end(): Promise<void> {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const text = this.#pending
    this.#pending = ''
    if (text !== '') await writeText(text)
  }
}
