import { ParameterError } from '../errors.ts'
import { tokenize } from './lexer.ts'

export interface Placeholders {
  /** The highest `n` of `$n`; 0 without any. */
  readonly highest: number
  /** Names of `$name`, without the `$`, in order of first appearance. */
  readonly names: readonly string[]
  /** How many `?` there are; some dialects have an operator of that name. */
  readonly questionMarks: number
}

export function placeholdersOf(sql: string): Placeholders {
  let highest = 0
  let questionMarks = 0
  const names = new Set<string>()
  for (const token of tokenize(sql)) {
    if (token.kind !== 'placeholder') continue
    const text = sql.slice(token.start + 1, token.end)
    if (text === '') questionMarks++
    else if (/^\d/.test(text)) highest = Math.max(highest, Number(text))
    else names.add(text)
  }
  return { highest, names: [...names], questionMarks }
}

/**
 * Parameters as they are to be sent with a statement: named ones in the order in which the statement
 * first uses them, because the runtime takes the type of the n-th placeholder from the n-th column.
 * Throws `ParameterError` when the statement plainly asks for others than are given; in doubt the
 * runtime decides. `:name`, which HTTP knows too, cannot be told from a slice or a cast and is not judged.
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
  if (found.highest === 0 && found.questionMarks === 0) {
    throw new ParameterError(
      `${given} ${given === 1 ? 'parameter is' : 'parameters are'} given but the statement has no placeholder such as $1.`,
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
  if (found.names.length === 0) return parameters
  const missing = found.names.filter((name) => !Object.hasOwn(parameters, name))
  if (missing.length > 0) throw new ParameterError(`No parameter is given for $${missing.join(', $')}.`)
  const unused = given.filter((name) => !found.names.includes(name))
  if (unused.length > 0) {
    throw new ParameterError(`The statement has no placeholder for the parameter ${unused.join(', ')}.`)
  }
  return Object.fromEntries(found.names.map((name) => [name, parameters[name]]))
}
