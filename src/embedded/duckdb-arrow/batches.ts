import type { DuckDBDataChunk } from '@duckdb/node-api'
import type { ColumnBatch } from '../../arrow/ipc-writer.ts'
import type { ColumnBuilder } from './column-builder.ts'
import { columnVector } from './raw-vectors.ts'
import type { ArrowMapping } from './type-mapping.ts'

/** Rows of one record batch, as the runtime's query engine cuts them. */
export const BATCH_ROWS = 8192
/** A batch is also closed after a chunk that brings it past this many bytes, well below message limits. */
const BATCH_BYTES = 32 * 1024 * 1024

/** Joins DuckDB's chunks (2048 rows at most) into record batches of `BATCH_ROWS` rows. */
class BatchAssembler {
  private readonly builders: readonly ColumnBuilder[]
  private rows = 0

  constructor(mappings: readonly ArrowMapping[]) {
    this.builders = mappings.map((mapped) => mapped.createBuilder())
  }

  /** Takes in a chunk; returns the batches it filled. Throws `ArrowConversionError` for values Arrow cannot hold. */
  add(chunk: DuckDBDataChunk): ColumnBatch[] {
    const size = chunk.rowCount
    for (const [index, builder] of this.builders.entries()) {
      builder.load(columnVector(chunk.chunk, index), size)
    }
    const batches: ColumnBatch[] = []
    for (let start = 0; start < size; ) {
      const count = Math.min(size - start, BATCH_ROWS - this.rows)
      for (const builder of this.builders) builder.append(start, count)
      start += count
      this.rows += count
      if (this.rows === BATCH_ROWS || this.byteLength() > BATCH_BYTES) batches.push(this.take())
    }
    return batches
  }

  /** The rows left over; null when there are none. */
  finish(): ColumnBatch | null {
    return this.rows > 0 ? this.take() : null
  }

  private take(): ColumnBatch {
    const batch = { length: this.rows, columns: this.builders.map((builder) => builder.finish()) }
    this.rows = 0
    return batch
  }

  private byteLength(): number {
    return this.builders.reduce((sum, builder) => sum + builder.byteLength, 0)
  }
}

/**
 * A stream of DuckDB chunks as record batches. Holds one batch at a time; the next chunk is fetched only
 * when its consumer asks.
 */
export async function* recordBatches(
  chunks: AsyncIterable<DuckDBDataChunk>,
  mappings: readonly ArrowMapping[],
): AsyncGenerator<ColumnBatch> {
  const assembler = new BatchAssembler(mappings)
  for await (const chunk of chunks) yield* assembler.add(chunk)
  const rest = assembler.finish()
  if (rest !== null) yield rest
}
