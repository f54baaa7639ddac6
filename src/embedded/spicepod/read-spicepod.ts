import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { OptionsError } from '../../errors.ts'
import { ignoredPaths, type Spicepod, type SpicepodDefinition, spicepodSchema } from './definition.ts'

export interface LoadedSpicepod {
  readonly spicepod: Spicepod
  /** What was written, for `GET /v1/spicepods`. */
  readonly definition: SpicepodDefinition
  /** Relative paths in the spicepod start here. */
  readonly directory: string
  /** Keys that were accepted and have no effect here, one sentence each. */
  readonly warnings: readonly string[]
}

const FILE_NAMES = ['spicepod.yaml', 'spicepod.yml']

/**
 * Reads a spicepod from a file, or from `spicepod.yaml` in a directory. Throws `OptionsError` with the
 * file, the line and the key when it cannot be used.
 */
export async function readSpicepod(path: string): Promise<LoadedSpicepod> {
  const file = await locate(resolve(path))
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new OptionsError(`cannot read the spicepod ${file}: ${cause.message}`, { cause })
  })
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [error] = document.errors
  if (error) {
    const { line } = lines.linePos(error.pos[0])
    throw new OptionsError(`${file}:${line}: not valid YAML: ${error.message.split('\n')[0]}`)
  }
  const lineOf = (keyPath: readonly PropertyKey[]) => {
    const offset = offsetOf(document, keyPath)
    return offset === undefined ? file : `${file}:${lines.linePos(offset).line}`
  }
  return loaded(document.toJS(), dirname(file), lineOf)
}

/** Takes a spicepod given as an object; `directory` is where its relative paths start. */
export function useSpicepod(definition: SpicepodDefinition, directory: string): LoadedSpicepod {
  return loaded(definition, directory, () => 'spicepod')
}

async function locate(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found === null) {
    throw new OptionsError(
      `there is no spicepod at ${path}; give the path of a spicepod.yaml or its directory`,
    )
  }
  if (!found.isDirectory()) return path
  for (const name of FILE_NAMES) {
    if (await stat(join(path, name)).catch(() => null)) return join(path, name)
  }
  throw new OptionsError(`there is no ${FILE_NAMES[0]} in ${path}; give the path of one, or create it there`)
}

function loaded(
  definition: unknown,
  directory: string,
  lineOf: (path: readonly PropertyKey[]) => string,
): LoadedSpicepod {
  const parsed = spicepodSchema.safeParse(definition ?? {})
  if (!parsed.success) throw new OptionsError(describe(parsed.error.issues[0], lineOf))
  const spicepod = parsed.data
  const seen = new Map<string, string>()
  for (const [list, entries] of [
    ['datasets', spicepod.datasets],
    ['views', spicepod.views],
  ] as const) {
    entries.forEach(({ name }, index) => {
      const key = name.toLowerCase()
      const path = [list, index, 'name']
      if (seen.has(key)) {
        throw new OptionsError(
          `${lineOf(path)}: ${keyPath(path)}: the name ${name} is taken by ${seen.get(key)}`,
        )
      }
      seen.set(key, `${list}[${index}]`)
    })
  }
  return {
    spicepod: withSecrets(spicepod),
    definition: definition as SpicepodDefinition,
    directory,
    warnings: ignoredPaths(definition).map((path) => `${path} has no effect in the embedded runtime`),
  }
}

function describe(issue: z.core.$ZodIssue, lineOf: (path: readonly PropertyKey[]) => string): string {
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0]]
    return `${lineOf(path)}: ${keyPath(path)}: no such key in a spicepod`
  }
  const value =
    issue.input === undefined && /received undefined/.test(issue.message) ? 'is missing' : issue.message
  return `${lineOf(issue.path)}: ${keyPath(issue.path) || 'the spicepod'}: ${value}`
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text ? `${text}.${String(key)}` : String(key)
  }, '')
}

/** Where in the file the last existing part of a key path stands. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents
  let offset = isNode(node) ? node.range?.[0] : undefined
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (!pair) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else {
      node = document.getIn(path.slice(0, path.indexOf(key) + 1), true)
      if (!isNode(node)) break
      offset = node.range?.[0] ?? offset
    }
  }
  return offset
}

/** Replaces `${ env:NAME }` and `${ secrets:NAME }` in API keys; both come from the environment here. */
function withSecrets(spicepod: Spicepod): Spicepod {
  const apiKey = spicepod.runtime?.auth?.['api-key']
  if (!apiKey) return spicepod
  const keys = apiKey.keys.map((key) =>
    key.replace(/\$\{\s*(env|secrets):\s*(\w+)\s*\}/g, (_, store: string, name: string) => {
      const value =
        process.env[name] ?? (store === 'secrets' ? process.env[`SPICE_SECRET_${name}`] : undefined)
      if (value === undefined) {
        throw new OptionsError(`runtime.auth.api-key.keys: the environment has no variable ${name}`)
      }
      return value
    }),
  )
  return {
    ...spicepod,
    runtime: { ...spicepod.runtime, auth: { 'api-key': { ...apiKey, keys } } },
  }
}
