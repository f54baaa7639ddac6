import type { ValueReader } from './value-reader.ts'

export type RowObject = Record<string, unknown>

/** Makes one object of the values all readers have at an index. */
export type ObjectBuilder = (readers: readonly ValueReader[], index: number) => RowObject

/** Appends the objects of rows 0 to `count - 1` to `target`. */
export type RowAppender = (readers: readonly ValueReader[], count: number, target: RowObject[]) => void

/** For so few rows making room costs more than growing. */
const FEW_ROWS = 16

/** Beyond this many members an object literal stops being faster than assignments. */
const MAX_LITERAL_MEMBERS = 256

/**
 * Generates an object builder for these keys, or falls back to closures where code generation from strings
 * is forbidden (`--disallow-code-generation-from-strings`, some isolates). Both give equal objects. Keys are
 * column names, that is data from outside: they appear in the code only as JSON string literals.
 */
export function objectBuilder(keys: readonly string[]): ObjectBuilder {
  const generated = generate(keys, ['readers', 'i'], (literal) => `return ${literal((k) => `readers[${k}]`)}`)
  return (generated as ObjectBuilder | null) ?? objectBuilderFromClosures(keys)
}

/**
 * The same for whole batches: one loop in which every value's reader is known, and room is made for all
 * rows at once, which takes half the time of pushing them one by one.
 */
export function rowAppender(keys: readonly string[]): RowAppender {
  const generated = generate(keys, ['readers', 'count', 'target'], (literal) => {
    const names = keys.map((_, k) => `const r${k} = readers[${k}]`).join('\n')
    const room = `const first = target.length\nif (count > ${FEW_ROWS}) target.length = first + count`
    const loop = `for (let i = 0; i < count; i++) target[first + i] = ${literal((k) => `r${k}`)}`
    return `${names}\n${room}\n${loop}`
  })
  return (generated as RowAppender | null) ?? rowAppenderFromClosures(keys)
}

export function objectBuilderFromClosures(keys: readonly string[]): ObjectBuilder {
  const plain = !keys.includes('__proto__')
  return (readers, index) => {
    const object: RowObject = {}
    for (let k = 0; k < keys.length; k++) {
      const value = readers[k]!.get(index)
      if (plain) object[keys[k]!] = value
      // Assigning to `__proto__` would set the prototype instead of making a property.
      else
        Object.defineProperty(object, keys[k]!, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        })
    }
    return object
  }
}

export function rowAppenderFromClosures(keys: readonly string[]): RowAppender {
  const build = objectBuilderFromClosures(keys)
  return (readers, count, target) => {
    const first = target.length
    if (count > FEW_ROWS) target.length = first + count
    for (let i = 0; i < count; i++) target[first + i] = build(readers, i)
  }
}

type Literal = (reader: (k: number) => string) => string

let codeGenerationForbidden = false

/**
 * V8 keeps one set of type feedback for all functions of the same source, so schemas of the same names but
 * other types would slow each other down to a third. A number makes the source of each function its own.
 */
let functions = 0

function generate(
  keys: readonly string[],
  parameters: readonly string[],
  body: (literal: Literal) => string,
): unknown {
  if (codeGenerationForbidden || keys.length > MAX_LITERAL_MEMBERS) return null
  const literal: Literal = (reader) =>
    `{ ${keys.map((key, k) => `${propertyName(key)}: ${reader(k)}.get(i)`).join(', ')} }`
  try {
    return new Function(...parameters, `${body(literal)} // ${functions++}`)
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    codeGenerationForbidden = true
    return null
  }
}

/** In a literal, a plain `"__proto__":` would set the prototype; a computed name does not. */
function propertyName(key: string): string {
  return key === '__proto__' ? '["__proto__"]' : JSON.stringify(key)
}
