import { ParameterError } from '../errors.ts'
import { tokenize } from './lexer.ts'

export interface Placeholders {
  /** The highest `n` of `$n`; 0 without any. */
  readonly highest: number
  /** Names of `$name`, without the `$`, in order of first appearance. */
  readonly names: readonly string[]
  /** How many `?` there are, or the highest `n` of `?n`; some dialects have an operator of that name. */
  readonly questionMarks: number
  /** What may be the names of `:name` and `@name`, in order of first appearance; or part of a slice. */
  readonly markedNames: readonly string[]
}

export function placeholdersOf(sql: string): Placeholders {
  let highest = 0
  let questionMarks = 0
  const names = new Set<string>()
  const markedNames = new Set<string>()
  for (const { kind, start, end } of tokenize(sql)) {
    const before = sql[start - 1]
    if (kind === 'word' && (before === '@' || (before === ':' && sql[start - 2] !== ':'))) {
      markedNames.add(sql.slice(start, end))
    } else if (kind === 'number' && before === '?') {
      questionMarks = Math.max(questionMarks, Number(sql.slice(start, end)) || 0)
    }
    if (kind !== 'placeholder') continue
    const text = sql.slice(start + 1, end)
    if (text === '') questionMarks++
    else if (/^\d/.test(text)) highest = Math.max(highest, Number(text))
    else names.add(text)
  }
  return { highest, names: [...names], questionMarks, markedNames: [...markedNames] }
}

/**
 * Parameters as they are to be sent with a statement: named ones in the order in which the statement
 * first uses them, because the runtime takes the type of the n-th placeholder from the n-th column.
 * Throws `ParameterError` when the statement plainly asks for others than are given; in doubt the
 * runtime decides. A `:name`, which Spice's HTTP API has, cannot be told from a slice: it may be given, need not.
 */
export function arrangeParameters<P extends readonly unknown[] | Readonly<Record<string, unknown>>>(
  sql: string,
  parameters: P,
): P {
  const found = placeholdersOf(sql)
  if (Array.isArray(parameters)) {
    checkPositional(found, parameters.length)
    return parameters
  }
  return arrangeNamed(found, parameters as Readonly<Record<string, unknown>>) as P
}

function checkPositional(found: Placeholders, given: number): void {
  if (given === 0) return
  if (found.highest > 0 && found.highest !== given) {
    throw new ParameterError(
      `The statement uses placeholders up to $${found.highest} but ${given} ${given === 1 ? 'parameter is' : 'parameters are'} given.`,
    )
  }
  if (found.highest === 0 && found.names.length > 0) {
    throw new ParameterError(
      `The statement names its placeholders ($${found.names[0]}) but the parameters are an array; give an object.`,
    )
  }
  if (found.highest === 0 && found.questionMarks < given) {
    const have = found.questionMarks === 0 ? 'no placeholder such as $1' : `only ${found.questionMarks} of ?`
    throw new ParameterError(
      `${given} ${given === 1 ? 'parameter is' : 'parameters are'} given but the statement has ${have}.`,
    )
  }
}

function arrangeNamed(
  found: Placeholders,
  parameters: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.keys(parameters)
  if (given.length === 0) return parameters
  if (found.highest > 0) {
    throw new ParameterError(
      `The statement numbers its placeholders ($${found.highest}) but the parameters are an object; give an array.`,
    )
  }
  const missing = found.names.filter((name) => !Object.hasOwn(parameters, name))
  if (missing.length > 0) throw new ParameterError(`No parameter is given for $${missing.join(', $')}.`)
  const names = [...new Set([...found.names, ...found.markedNames])].filter((name) =>
    Object.hasOwn(parameters, name),
  )
  const unused = given.filter((name) => !names.includes(name))
  if (unused.length > 0) {
    throw new ParameterError(`The statement has no placeholder for the parameter ${unused.join(', ')}.`)
  }
  return Object.fromEntries(names.map((name) => [name, parameters[name]]))
}
