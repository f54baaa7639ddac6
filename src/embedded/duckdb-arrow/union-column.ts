import type { ColumnData } from '../../arrow/column-data.ts'
import { bytesOf } from './byte-parts.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { type RawVector, structChild, vectorBytes, vectorValidity } from './raw-vectors.ts'

/**
 * UNION: in DuckDB a struct whose first child is the tag and whose members all have every row; in Arrow a
 * dense union, whose members hold their own rows only. A union has no validity of its own in Arrow: a null
 * union is a null of its first member.
 */
export class UnionColumn implements ColumnBuilder {
  private readonly members: readonly ColumnBuilder[]
  private memberLengths: number[]
  private typeIds: number[] = []
  private offsets: number[] = []
  private tags: Uint8Array = new Uint8Array(0)
  private rowValidity: Uint8Array | null = null

  constructor(members: readonly ColumnBuilder[]) {
    this.members = members
    this.memberLengths = members.map(() => 0)
  }

  get byteLength(): number {
    return this.typeIds.length * 5 + this.members.reduce((sum, member) => sum + member.byteLength, 0)
  }

  load(vector: RawVector, size: number): void {
    this.rowValidity = vectorValidity(vector, size)
    this.tags = vectorBytes(structChild(vector, 0), size)
    for (const [index, member] of this.members.entries()) member.load(structChild(vector, index + 1), size)
  }

  append(start: number, count: number): void {
    const end = start + count
    for (let row = start; row < end; ) {
      if (this.isNull(row)) {
        this.appendNull()
        row++
        continue
      }
      const tag = this.tags[row]
      let runEnd = row + 1
      while (runEnd < end && !this.isNull(runEnd) && this.tags[runEnd] === tag) runEnd++
      this.members[tag].append(row, runEnd - row)
      for (; row < runEnd; row++) {
        this.typeIds.push(tag)
        this.offsets.push(this.memberLengths[tag]++)
      }
    }
  }

  appendNull(): void {
    this.members[0].appendNull()
    this.typeIds.push(0)
    this.offsets.push(this.memberLengths[0]++)
  }

  finish(): ColumnData {
    const length = this.typeIds.length
    const buffers = [bytesOf(Int8Array.from(this.typeIds)), bytesOf(Int32Array.from(this.offsets))]
    this.typeIds = []
    this.offsets = []
    this.memberLengths = this.members.map(() => 0)
    return { length, nullCount: 0, buffers, children: this.members.map((member) => member.finish()) }
  }

  private isNull(row: number): boolean {
    const validity = this.rowValidity
    return validity !== null && ((validity[row >> 3] >> (row & 7)) & 1) === 0
  }
}
