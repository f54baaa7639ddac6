import type { WriteStream } from 'node:tty'

/** A line that is written over and over on a terminal; nothing where output is kept. */
export interface ProgressLine {
  /** @param fraction of the work done, 0 to 1 */
  show(fraction: number, text: string): void
  clear(): void
}

const BAR_WIDTH = 24

export function progressLine(stream: WriteStream): ProgressLine {
  if (!stream.isTTY) return { show() {}, clear() {} }
  let shown = false
  return {
    show(fraction, text) {
      const filled = Math.round(fraction * BAR_WIDTH)
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
      const line = `${bar} ${String(Math.round(fraction * 100)).padStart(3)}%  ${text}`
      stream.write(`\r${line.slice(0, stream.columns - 1)}\x1b[K`)
      shown = true
    },
    clear() {
      if (shown) stream.write('\r\x1b[K')
      shown = false
    },
  }
}
