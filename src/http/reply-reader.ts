import { isUtf8 } from 'node:buffer'
import { NO_METADATA, type Schema } from '../arrow/schema.ts'
import type { ValueOptions } from '../arrow/values-options.ts'
import type { Row } from '../client/result.ts'
import { ProtocolError } from '../errors.ts'
import { DocumentForm } from './document-form.ts'
import { JsonCursor } from './json-cursor.ts'
import type { ReplyForm } from './reply-form.ts'
import { UnitScanner } from './unit-scanner.ts'
import { UntypedForm } from './untyped-form.ts'

const NO_UTF8 = 'The reply is not valid UTF-8'
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** One object, by which the next reply is known to want the same. */
const EXACT: ValueOptions = {}
const EMPTY = Buffer.alloc(0)
/** Text that is no JSON is looked at whole when it is not longer than this. */
const SHORT_TEXT = 64

/**
 * The rows of a successful reply of `POST /v1/sql`, from its bytes in pieces of any size. Keeps the bytes of
 * one unfinished row and what was not read yet. A reply that is not complete and consistent is an error.
 */
export class ReplyReader {
  readonly #options: ValueOptions
  readonly #warnings: string[]
  readonly #contentType: string
  readonly #cursor = new JsonCursor(EMPTY)
  #form: ReplyForm | null = null
  /** Watches for the end of a unit that has not come whole. */
  #scanner: UnitScanner | null = null
  /** What came after the cursor's bytes. */
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #readable = false
  #ended = false
  #consumed = 0

  /**
   * @param warnings takes what the caller should know about the values
   * @param contentType for messages
   */
  constructor(options: ValueOptions = EXACT, warnings: string[] = [], contentType = 'of no content type') {
    this.#options = options
    this.#warnings = warnings
    this.#contentType = contentType
  }

  /** Null until it is known, and provisional until the end where a reply has none. */
  get schema(): Schema | null {
    return this.#form?.schema ?? null
  }

  /** Whether the columns can be told only from all of the rows. */
  get untyped(): boolean {
    return this.#form instanceof UntypedForm
  }

  /** Bytes taken and not read yet. */
  get pendingBytes(): number {
    return this.#cursor.end - this.#cursor.position + this.#pieceBytes
  }

  /** Bytes read. */
  get consumedBytes(): number {
    return this.#consumed
  }

  /** Whether `read` may find something. */
  get readable(): boolean {
    return this.#readable
  }

  /** Whether all of a complete reply has been read. */
  get finished(): boolean {
    return this.#ended && !this.#readable
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#pieceBytes += piece.length
    this.#readable ||= this.#scanner === null || this.#scanner.ends(piece)
  }

  /** No more bytes come. */
  end(): void {
    this.#ended = true
    this.#readable = true
  }

  /** The next rows, `most` at most: none when more bytes are needed first. Throws `ProtocolError` or `LossyValueError`. */
  read(most: number): Row[] {
    const rows: Row[] = []
    if (!this.#readable) return rows
    const cursor = this.#cursor
    this.#join()
    const start = cursor.position
    let mark = start
    cursor.starved = false
    try {
      while (rows.length < most && !cursor.starved) {
        mark = cursor.position
        const row = this.#next(cursor)
        if (row !== undefined) rows.push(row)
      }
      if (!cursor.starved || this.#form?.closed) mark = cursor.position
    } catch (error) {
      if (!cursor.starved || this.#ended) throw this.#reason(error, start)
    }
    if (!isUtf8(cursor.bytes.subarray(start, mark))) throw new ProtocolError(NO_UTF8)
    cursor.position = mark
    this.#consumed += mark - start
    if (cursor.starved) this.#await(cursor)
    return rows
  }

  /** The rows as far as they were read, with every column that is known by now. */
  complete(rows: Row[]): void {
    this.#form?.complete(rows)
  }

  #next(cursor: JsonCursor): Row | undefined {
    if (this.#form === null) this.#form = this.#recognise(cursor)
    else if (this.#form.closed) cursor.finish()
    else return this.#form.next(cursor)
    return undefined
  }

  /** The form is told by the first byte: old runtimes send every form as text/plain. */
  #recognise(cursor: JsonCursor): ReplyForm | null {
    const { bytes, end } = cursor
    if (cursor.position === 0 && bytes[0] === BOM[0]) {
      if (end < BOM.length && !this.#ended) cursor.starved = true
      else cursor.takeBytes(BOM)
      if (cursor.starved) return null
    }
    if (cursor.take(0x7b)) return new DocumentForm(this.#options)
    if (cursor.take(0x5b)) return new UntypedForm(this.#warnings)
    if (!this.#ended && end - cursor.position <= SHORT_TEXT) {
      cursor.starved = true
      return null
    }
    const text = bytes.toString('utf8', cursor.position, Math.min(end, cursor.position + SHORT_TEXT))
    // A transaction's reply when it has no rows.
    if (!/^(commit)?\s*$/i.test(text)) {
      throw new ProtocolError(`The reply is no result but ${this.#contentType}: ${JSON.stringify(text)}`)
    }
    cursor.position = end
    return new NoRows()
  }

  /** Takes up what came since the last time. */
  #join(): void {
    if (this.#pieces.length === 0) return
    const cursor = this.#cursor
    const rest = cursor.bytes.subarray(cursor.position)
    if (rest.length > 0) this.#pieces.unshift(rest)
    cursor.continueIn(
      this.#pieces.length === 1
        ? this.#pieces[0]
        : Buffer.concat(this.#pieces, rest.length + this.#pieceBytes),
    )
    this.#pieces = []
    this.#pieceBytes = 0
  }

  /** Nothing can be read before the unit at the cursor has come to its end. */
  #await(cursor: JsonCursor): void {
    this.#readable = false
    if (this.#ended) {
      if (this.#form === null || !this.#form.closed) throw cursor.unexpected('more')
      this.#form.end()
      return
    }
    this.#scanner ??= new UnitScanner()
    this.#scanner.begin(this.#form?.unit ?? 'mark')
    this.#scanner.ends(cursor.bytes, cursor.position)
  }

  #reason(error: unknown, start: number): unknown {
    const { bytes, end } = this.#cursor
    return this.#ended && !isUtf8(bytes.subarray(start, end)) ? new ProtocolError(NO_UTF8) : error
  }
}

class NoRows implements ReplyForm {
  readonly schema: Schema = { fields: [], metadata: NO_METADATA }
  readonly unit = 'mark'
  readonly closed = true
  next(): undefined {}
  complete(): void {}
  end(): void {}
}
