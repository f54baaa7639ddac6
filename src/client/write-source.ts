import type { RecordBatch, Table } from 'apache-arrow'
import { type ForeignBatch, rowsFromArrow } from '../arrow/from-apache-arrow.ts'
import { AbortError, ParameterError, SidecarError } from '../errors.ts'
import type { Row } from './result.ts'

/**
 * What can be written: rows, an apache-arrow Table, or rows, arrays of rows and RecordBatches as they come.
 * Rows take the values that reading gives, and their neighbours: see `columnsFromRows`.
 */
export type WriteSource = readonly Row[] | Table | Iterable<WriteItem> | AsyncIterable<WriteItem>
export type WriteItem = Row | readonly Row[] | RecordBatch

/** The rows of a source in groups as they come; `null` when nothing came for `idleMs`. Throws `AbortError` when
 * `stop` fires. */
export async function* rowGroups(
  source: WriteSource,
  idleMs: number,
  stop: AbortSignal,
): AsyncGenerator<readonly Row[] | null, void, undefined> {
  if (isTable(source)) {
    for (const batch of source.batches) yield rowsFromArrow(batch as unknown as ForeignBatch)
    return
  }
  if (isRowArray(source)) {
    yield source
    return
  }
  if (Symbol.asyncIterator in source) {
    yield* patiently((source as AsyncIterable<WriteItem>)[Symbol.asyncIterator](), idleMs, stop)
    return
  }
  for (const item of source as Iterable<WriteItem>) yield rowsOf(item)
}

/** Rows that can be checked before any is sent; an array of batches or groups is taken one by one instead. */
export function isRowArray(source: WriteSource): source is readonly Row[] {
  if (!Array.isArray(source)) return false
  const first: unknown = source[0]
  return !Array.isArray(first) && !isRecordBatch(first)
}

/** Throws `ParameterError` for what is no source of rows. */
export function checkSource(source: unknown): asserts source is WriteSource {
  if (typeof source === 'object' && source !== null) {
    if (Array.isArray(source) || isTable(source)) return
    if (Symbol.iterator in source || Symbol.asyncIterator in source) return
  }
  throw new ParameterError('write() takes an array of rows, an apache-arrow Table, or an iterable of either')
}

async function* patiently(
  iterator: AsyncIterator<WriteItem>,
  idleMs: number,
  stop: AbortSignal,
): AsyncGenerator<readonly Row[] | null, void, undefined> {
  let ended = false
  try {
    let next = iterator.next()
    for (;;) {
      const result = await within(next, idleMs, stop)
      // Not an end: what ends the messages would have the runtime commit the part that was sent.
      if (result === 'stopped') throw whyStopped(stop)
      if (result === 'idle') {
        yield null
        continue
      }
      if (result.done === true) {
        ended = true
        return
      }
      yield rowsOf(result.value)
      next = iterator.next()
    }
  } finally {
    // Not waited for: a source that hangs must not hold up the error that ends the write.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** This package's own reason, or that the caller's signal fired. */
function whyStopped({ reason }: AbortSignal): SidecarError {
  if (reason instanceof SidecarError) return reason
  return new AbortError('The write was aborted by its signal', { cause: reason })
}

/** The outcome of `promise`, unless time passes or the write ends before. */
function within<T>(promise: Promise<T>, idleMs: number, stop: AbortSignal): Promise<T | 'idle' | 'stopped'> {
  return new Promise((resolve, reject) => {
    const onStop = () => settle(() => resolve('stopped'))
    const timer = setTimeout(() => settle(() => resolve('idle')), idleMs)
    const settle = (action: () => void) => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
      action()
    }
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
    if (stop.aborted) onStop()
    else stop.addEventListener('abort', onStop, { once: true })
  })
}

function rowsOf(item: WriteItem): readonly Row[] {
  if (Array.isArray(item)) return item
  return isRecordBatch(item) ? rowsFromArrow(item as unknown as ForeignBatch) : [item as Row]
}

/** By shape: the application may have another copy of apache-arrow than this package. */
function isTable(value: object): value is Table {
  return 'batches' in value && Array.isArray(value.batches) && 'schema' in value && 'numRows' in value
}

function isRecordBatch(value: unknown): value is RecordBatch {
  const { schema, data, numCols } = (value ?? {}) as {
    schema?: { fields?: unknown }
    data?: object
    numCols?: unknown
  }
  return typeof numCols === 'number' && typeof data === 'object' && Array.isArray(schema?.fields)
}
