import { ParameterError } from '../errors.ts'
import { sqlExcerpt } from '../sql-excerpt.ts'
import { isNegated } from './empty-list.ts'
import { type Token, tokenize } from './lexer.ts'

export type SqlPart =
  | { readonly as: 'text'; readonly text: string }
  | { readonly as: 'identifier'; readonly text: string }
  | { readonly as: 'value'; readonly value: unknown }
  | { readonly as: 'emptyList' }
  | { readonly as: 'fragment'; readonly fragment: SqlFragment }

/** What `spice.query` takes: a text with `$1, $2, …` and the values for them. */
export interface SqlStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Texts already composed and checked, by the identity of their template; only templates without fragments. */
const checkedTemplates = new WeakMap<TemplateStringsArray, string>()

/** An immutable piece of SQL with its values; made by the `sql` tag only, and by nothing that looks like it. */
export class SqlFragment implements SqlStatement {
  readonly #parts: readonly SqlPart[]
  readonly #template: TemplateStringsArray | undefined
  #statement: SqlStatement | undefined

  constructor(parts: readonly SqlPart[], template?: TemplateStringsArray) {
    this.#parts = parts
    this.#template = template
  }

  /** Whether a value was made by this tag: a private field cannot be forged by an object of the same shape. */
  static is(value: unknown): value is SqlFragment {
    return typeof value === 'object' && value !== null && #parts in value
  }

  /** The text with `$1, $2, …` for the values. Throws `ParameterError`; see `sql`. */
  get sql(): string {
    return this.#compose().sql
  }

  /** The values, in the order of their placeholders. */
  get parameters(): readonly unknown[] {
    return this.#compose().parameters
  }

  #compose(): SqlStatement {
    this.#statement ??= this.#composeAndCheck()
    return this.#statement
  }

  #composeAndCheck(): SqlStatement {
    const known = this.#template && checkedTemplates.get(this.#template)
    const composition = new Composition()
    if (known !== undefined) return { sql: known, parameters: this.#parts.flatMap(boundValue) }
    this.#addTo(composition)
    const sql = composition.checkedText()
    if (this.#template !== undefined) checkedTemplates.set(this.#template, sql)
    return { sql, parameters: composition.parameters }
  }

  #addTo(composition: Composition): void {
    for (const part of this.#parts) {
      if (part.as === 'fragment') part.fragment.#addTo(composition)
      else composition.add(part)
    }
  }
}

function boundValue(part: SqlPart): unknown[] {
  return part.as === 'value' ? [part.value] : []
}

/** `$1abc` is one placeholder to some dialects, and `5$1` nothing to any. */
function touchesWord(before: Token | undefined, token: Token, next: Token | undefined): boolean {
  if (before?.kind === 'number' && before.end === token.start) return true
  return next !== undefined && next.start === token.end && (next.kind === 'word' || next.kind === 'number')
}

/** Something inserted into the text that has to come out of the lexer as one token of its kind. */
interface Insertion {
  readonly start: number
  readonly end: number
  readonly kind: 'placeholder' | 'quoted' | 'word'
  readonly part: SqlPart
}

class Composition {
  readonly parameters: unknown[] = []
  #text = ''
  readonly #insertions: Insertion[] = []

  add(part: Exclude<SqlPart, { as: 'fragment' }>): void {
    if (part.as === 'text') {
      this.#text += part.text
      return
    }
    const start = this.#text.length
    if (part.as === 'value') this.#text += `$${this.parameters.push(part.value)}`
    else this.#text += part.as === 'identifier' ? part.text : 'NULL'
    const kind = part.as === 'value' ? 'placeholder' : part.as === 'identifier' ? 'quoted' : 'word'
    this.#insertions.push({ start, end: this.#text.length, kind, part })
  }

  /** The text, once the lexer has found every insertion where it was put, as what it was put there. */
  checkedText(): string {
    const tokens = tokenize(this.#text).filter(
      (token) => token.kind !== 'comment' || !this.#isHarmless(token),
    )
    const expected = new Map(this.#insertions.map((insertion) => [insertion.start, insertion]))
    tokens.forEach((token, i) => {
      const insertion = expected.get(token.start)
      if (insertion === undefined) this.#checkOwnText(token)
      else if (
        insertion.end === token.end &&
        insertion.kind === token.kind &&
        !touchesWord(tokens[i - 1], token, tokens[i + 1])
      ) {
        expected.delete(token.start)
        if (insertion.part.as === 'emptyList') this.#checkEmptyList(tokens.slice(0, i))
      }
    })
    for (const insertion of expected.values()) {
      const what = insertion.part.as === 'identifier' ? 'An identifier' : 'A value'
      throw this.#error(
        `${what} stands inside quotes or a comment, or touches what is beside it, near …${this.#around(insertion.start)}…; give it a place of its own`,
      )
    }
    return this.#text
  }

  /** A comment that ends, and ends without having swallowed an insertion. */
  #isHarmless(comment: Token): boolean {
    if (comment.unterminated) return false
    return !this.#insertions.some(({ start, end }) => start >= comment.start && end <= comment.end)
  }

  #checkOwnText(token: Token): void {
    if (token.kind === 'placeholder') {
      const text = this.#text.slice(token.start, token.end)
      throw this.#error(`The template's text holds the placeholder ${text}; write \${value} instead`)
    }
    if (token.unterminated) {
      throw this.#error(`A quote or comment is not closed near …${this.#around(token.start)}`)
    }
  }

  #checkEmptyList(before: readonly Token[]): void {
    if (isNegated(before.map((token) => this.#text.slice(token.start, token.end).toUpperCase()))) {
      throw this.#error(
        'An empty sql.list under NOT would match nothing instead of everything; leave the condition out',
      )
    }
  }

  #around(position: number): string {
    return sqlExcerpt(this.#text.slice(Math.max(0, position - 20), position + 20))
  }

  #error(problem: string): ParameterError {
    return new ParameterError(`${problem}.\n  in: ${sqlExcerpt(this.#text)}`)
  }
}
