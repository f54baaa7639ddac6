import { BitmapBuilder } from './bitmap-builder.ts'

/** The validity bitmap of a column under construction; nothing is allocated before the first null. */
export class ValidityBuilder {
  private bits: BitmapBuilder | null = null
  private length = 0

  /** @param source DuckDB's validity bits of the vector, or null when all its rows are valid */
  append(source: Uint8Array | null, start: number, count: number): void {
    if (source === null) this.bits?.fill(true, count)
    else this.startBits().append(source, start, count)
    this.length += count
  }

  appendNull(): void {
    this.startBits().fill(false, 1)
    this.length += 1
  }

  take(): { bitmap: Uint8Array | null; nullCount: number } {
    const nullCount = this.bits?.countZeros() ?? 0
    const bitmap = nullCount > 0 ? this.bits!.take() : null
    this.bits = null
    this.length = 0
    return { bitmap, nullCount }
  }

  private startBits(): BitmapBuilder {
    if (this.bits === null) {
      this.bits = new BitmapBuilder()
      this.bits.fill(true, this.length)
    }
    return this.bits
  }
}
