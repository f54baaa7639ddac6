import type { Row } from '../client/result.ts'

/** Rows decoded in one go, and handed over as one batch. */
export const BATCH_ROWS = 8192

/** Rows decoded and not handed over yet, in batches as large as they may be. */
export class HeldRows {
  count = 0
  #batches: Row[][] = []

  add(rows: Row[]): void {
    this.count += rows.length
    const last = this.#batches.at(-1)
    if (last === undefined || last.length + rows.length > BATCH_ROWS) this.#batches.push(rows)
    else for (const row of rows) last.push(row)
  }

  takeAll(): Row[][] {
    const batches = this.#batches
    this.#batches = []
    this.count = 0
    return batches
  }
}
