import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'src')

/** Each area may import from itself and from those to the right of its colon. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  cli: ['bench', 'client', 'embedded', 'discovery', 'http', 'arrow', 'sql', '.'],
  bench: ['client', 'discovery', 'http', 'flight', 'transport', 'arrow', '.'],
  client: ['resilience', 'discovery', 'http', 'flight', 'transport', 'arrow', 'sql', '.'],
  resilience: ['sql', 'arrow', 'transport', '.'],
  discovery: ['http', 'transport', '.'],
  http: ['arrow', 'sql', 'transport', '.'],
  flight: ['transport', 'arrow', 'sql', '.'],
  embedded: ['flight', 'arrow', '.'],
  transport: ['.'],
  arrow: ['.'],
  sql: ['arrow', '.'],
  '.': ['transport', 'arrow'],
}

/** Seams: files of types alone, which those that fill them import from above. */
const SEAMS = new Set(['client/result.ts'])

interface Import {
  from: string
  to: string
  typeOnly: boolean
  dynamic: boolean
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  const found: Import[] = []
  const add = (target: string, typeOnly: boolean, dynamic: boolean) => {
    if (!target.startsWith('.')) return
    found.push({
      from: file,
      to: relative(SOURCE, resolve(SOURCE, dirname(file), target)),
      typeOnly,
      dynamic,
    })
  }
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^'"();]*?from '([^']+)'/gm)) {
    add(match[2], match[1] !== undefined, false)
  }
  for (const match of text.matchAll(/import\('([^']+)'\)/g)) add(match[1], false, true)
  return found
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const imports = files.flatMap(importsOf)
const areaOf = (file: string) => (file.includes('/') ? file.split('/')[0] : '.')

describe('imports', () => {
  it('point one way', () => {
    const against = imports
      .filter(({ from }) => from !== 'index.ts')
      .filter(({ from, to }) => {
        const [area, target] = [areaOf(from), areaOf(to)]
        return area !== target && !SEAMS.has(to) && !(MAY_IMPORT[area] ?? []).includes(target)
      })
      .map(({ from, to }) => `${from} -> ${to}`)
    expect(against).toEqual([])
  })

  it('of seams are of types', () => {
    const values = imports.filter(
      ({ from, to, typeOnly }) => SEAMS.has(to) && areaOf(from) !== 'client' && !typeOnly,
    )
    expect(values).toEqual([])
  })

  it('of the public index are re-exports', () => {
    const text = readFileSync(join(SOURCE, 'index.ts'), 'utf8')
    const statements = text.split('\n').filter((line) => line !== '' && !/^(\/\/|\/\*| \*)/.test(line))
    expect(statements.join('\n')).toMatch(/^(export [^;=]*?from '[^']+'\n?)+$/)
  })
})

describe('importing the built package', () => {
  it.each([
    ['ESM', 'const m = await import(process.argv[1])', 'index.mjs'],
    ['CommonJS', 'const m = require(process.argv[1])', 'index.cjs'],
  ])('as %s loads none of the libraries', async (_, load, entry) => {
    const script = `(async () => {
      ${load}
      const { default: module } = await import('node:module')
      console.log(JSON.stringify({ cache: Object.keys(module._cache), names: Object.keys(m) }))
    })()`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--experimental-loader', loaderThatLists(), '-e', script, join(ROOT, 'dist', entry)],
      { env: { ...process.env, NODE_NO_WARNINGS: '1' }, timeout: 20_000 },
    )
    const lines = stdout.trim().split('\n')
    const { cache, names } = JSON.parse(lines.at(-1)!) as { cache: string[]; names: string[] }
    const loaded = [...cache, ...lines.slice(0, -1)].join('\n')
    expect(loaded).toContain(`dist/${entry}`)
    for (const library of ['apache-arrow', 'undici', '@grpc', 'zod', 'duckdb', 'opentelemetry']) {
      expect(loaded).not.toContain(`node_modules/${library}`)
    }
    expect(names).toEqual(expect.arrayContaining(['connect', 'sql', 'param', 'SidecarError']))
  })
})

/** A loader hook that prints the URL of every ES module, as a data: URL. */
function loaderThatLists(): string {
  const source = `import { writeSync } from 'node:fs'
    export async function load(url, context, next) {
      if (url.startsWith('file:')) writeSync(1, url + '\\n')
      return next(url, context)
    }`
  return `data:text/javascript,${encodeURIComponent(source)}`
}
