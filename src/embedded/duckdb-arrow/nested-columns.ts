import type { ColumnData } from '../../arrow/column-data.ts'
import { bytesOf } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import {
  arrayChild,
  listChild,
  type RawVector,
  structChild,
  vectorBytes,
  vectorValidity,
} from './raw-vectors.ts'
import { ValidityBuilder } from './validity-builder.ts'

/** LIST and MAP: {offset, length} pairs of 64 bits in DuckDB, 32-bit offsets in Arrow. */
export class ListColumn implements ColumnBuilder {
  private readonly child: ColumnBuilder
  private readonly validity = new ValidityBuilder()
  private ends: number[] = []
  private elements = 0
  private entries = new Uint32Array(0)
  private rowValidity: Uint8Array | null = null

  constructor(child: ColumnBuilder) {
    this.child = child
  }

  get byteLength(): number {
    return this.ends.length * 4 + this.child.byteLength
  }

  load(vector: RawVector, size: number): void {
    const bytes = vectorBytes(vector, size * 16)
    this.entries = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, size * 4)
    this.rowValidity = vectorValidity(vector, size)
    const child = listChild(vector)
    this.child.load(child.vector, child.size)
  }

  append(start: number, count: number): void {
    const { entries, rowValidity: validity } = this
    // The elements of one row after the other mostly lie side by side: copied in runs.
    let runStart = 0
    let runLength = 0
    for (let row = start; row < start + count; row++) {
      if (validity === null || (validity[row >> 3] >> (row & 7)) & 1) {
        const offset = entries[row * 4] + entries[row * 4 + 1] * 0x1_0000_0000
        const length = entries[row * 4 + 2]
        if (offset !== runStart + runLength) {
          if (runLength > 0) this.child.append(runStart, runLength)
          runStart = offset
          runLength = 0
        }
        runLength += length
        this.elements += length
      }
      this.ends.push(this.elements)
    }
    if (runLength > 0) this.child.append(runStart, runLength)
    this.validity.append(validity, start, count)
  }

  appendNull(): void {
    this.ends.push(this.elements)
    this.validity.appendNull()
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const length = this.ends.length
    const offsets = new Int32Array(length + 1)
    offsets.set(this.ends, 1)
    this.ends = []
    this.elements = 0
    return { length, nullCount, buffers: [bitmap, bytesOf(offsets)], children: [this.child.finish()] }
  }
}

/** ARRAY: the elements of all rows one after the other, in both. */
export class FixedSizeListColumn implements ColumnBuilder {
  private readonly size: number
  private readonly child: ColumnBuilder
  private readonly validity = new ValidityBuilder()
  private length = 0
  private rowValidity: Uint8Array | null = null

  constructor(size: number, child: ColumnBuilder) {
    this.size = size
    this.child = child
  }

  get byteLength(): number {
    return this.child.byteLength
  }

  load(vector: RawVector, size: number): void {
    this.rowValidity = vectorValidity(vector, size)
    this.child.load(arrayChild(vector), size * this.size)
  }

  append(start: number, count: number): void {
    this.child.append(start * this.size, count * this.size)
    this.validity.append(this.rowValidity, start, count)
    this.length += count
  }

  appendNull(): void {
    for (let element = 0; element < this.size; element++) this.child.appendNull()
    this.validity.appendNull()
    this.length += 1
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const length = this.length
    this.length = 0
    return { length, nullCount, buffers: [bitmap], children: [this.child.finish()] }
  }
}

/** STRUCT: one child vector per member, in both. */
export class StructColumn implements ColumnBuilder {
  private readonly members: readonly ColumnBuilder[]
  private readonly validity = new ValidityBuilder()
  private length = 0
  private rowValidity: Uint8Array | null = null

  constructor(members: readonly ColumnBuilder[]) {
    this.members = members
  }

  get byteLength(): number {
    return this.members.reduce((sum, member) => sum + member.byteLength, 0)
  }

  load(vector: RawVector, size: number): void {
    this.rowValidity = vectorValidity(vector, size)
    for (const [index, member] of this.members.entries()) member.load(structChild(vector, index), size)
  }

  append(start: number, count: number): void {
    for (const member of this.members) member.append(start, count)
    this.validity.append(this.rowValidity, start, count)
    this.length += count
  }

  appendNull(): void {
    for (const member of this.members) member.appendNull()
    this.validity.appendNull()
    this.length += 1
  }

  finish(): ColumnData {
    const { bitmap, nullCount } = this.validity.take()
    const length = this.length
    this.length = 0
    const children = this.members.map((member) => member.finish())
    return { length, nullCount, buffers: [bitmap], children }
  }
}
