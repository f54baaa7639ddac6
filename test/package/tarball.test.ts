import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')
let application: string
let runtime: SpawnedRuntime

/** An application that has the packed package installed, and of its dependencies only those it asks for. */
beforeAll(async () => {
  application = await mkdtemp(join(tmpdir(), 'spice-sidecar-application-'))
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', application], { cwd: root })
  const modules = join(application, 'node_modules')
  const installed = join(modules, 'spice-sidecar')
  await mkdir(installed, { recursive: true })
  const tarball = join(application, stdout.trim().split('\n').at(-1)!)
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed])
  const link = (name: string) => symlink(join(root, 'node_modules', name), join(modules, name))
  for (const name of ['apache-arrow', 'undici', 'zod', 'typescript', '@types', '@grpc']) await link(name)
  await writeFile(join(application, 'package.json'), '{ "name": "application", "private": true }')
  const stocks = { from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: { enabled: true } }
  runtime = await spawnRuntime({
    spicepod: { version: 'v1', kind: 'Spicepod', name: 'package', datasets: [stocks] },
  })
})
afterAll(async () => {
  await runtime?.stop()
  await rm(application, { recursive: true, force: true })
})

/** Runs a program of the application and gives what it prints, parsed. */
async function program(name: string, source: string): Promise<unknown> {
  await writeFile(join(application, name), source)
  const child = spawn(process.execPath, [name], {
    cwd: application,
    env: { ...process.env, SPICE_HTTP_URL: runtime.httpUrl },
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const BODY = `
  const spice = await connect()
  const rows = await spice.query('SELECT symbol, price FROM stocks WHERE symbol = $1 LIMIT 1', ['IBM'])
  const overHttp = await spice.query('SELECT count(*) AS n FROM stocks', [], { transport: 'http' }).json()
  const query = spice.query('SELECT symbol FROM stocks')
  const table = await query.table()
  const empty = await spice.query('SELECT symbol FROM stocks WHERE false').table()
  let own = 0
  for await (const batch of spice.query('SELECT symbol FROM stocks').batches()) own += batch instanceof RecordBatch
  const failed = await spice.query('SELEC').catch((error) => error instanceof SidecarError && error.code)
  await spice.close()
  console.log(JSON.stringify({
    rows, overHttp, failed, own: own > 0,
    table: table instanceof Table && table.numRows, empty: empty instanceof Table && empty.numRows,
  }))`

const EXPECTED = {
  rows: [{ symbol: 'IBM', price: 100.52 }],
  overHttp: [{ n: '560' }],
  failed: 'QUERY_FAILED',
  own: true,
  table: 560,
  empty: 0,
}

test('an ES module uses it', async () => {
  const imports = `import { connect, SidecarError } from 'spice-sidecar'\nimport { RecordBatch, Table } from 'apache-arrow'`
  expect(await program('module.mjs', `${imports}\n${BODY}`)).toEqual(EXPECTED)
})

test('a CommonJS module uses it, and shares its apache-arrow', async () => {
  const imports = `const { connect, SidecarError } = require('spice-sidecar')\nconst { RecordBatch, Table } = require('apache-arrow')`
  const main = `${imports}\n;(async () => {${BODY}\n})()`
  expect(await program('module.cjs', main)).toEqual(EXPECTED)
})

test('a CommonJS module uses it where import() is refused, as in tests of jest', async () => {
  const withoutImport = `
    const { Module } = require('node:module')
    const { compileFunction } = require('node:vm')
    const names = ['exports', 'require', 'module', '__filename', '__dirname']
    // A function compiled like this has nobody to ask for what it imports.
    Module.prototype._compile = function (code, filename) {
      const require = (name) => this.require(name)
      compileFunction(code, names, { filename })(this.exports, require, this, filename, '.')
    }`
  const imports = `const { connect, SidecarError } = require('spice-sidecar')\nconst { RecordBatch, Table } = require('apache-arrow')`
  await writeFile(join(application, 'main.cjs'), `${imports}\n;(async () => {${BODY}\n})()`)
  expect(await program('jest.cjs', `${withoutImport}\nrequire('./main.cjs')`)).toEqual(EXPECTED)
})

test('importing it loads none of its dependencies, and a query over Flight none either', async () => {
  const source = `
    import { connect } from 'spice-sidecar'
    const spice = await connect()
    const rows = await spice.query('SELECT 1::INTEGER AS one')
    await spice.close()
    console.log(JSON.stringify(rows))`
  // Without the dependencies in reach, whatever loads one fails.
  const bare = await mkdtemp(join(tmpdir(), 'spice-sidecar-bare-'))
  try {
    await mkdir(join(bare, 'node_modules'))
    await run('cp', ['-r', join(application, 'node_modules/spice-sidecar'), join(bare, 'node_modules')])
    await writeFile(join(bare, 'main.mjs'), source)
    const { stdout } = await run(process.execPath, ['main.mjs'], {
      cwd: bare,
      env: { ...process.env, SPICE_HTTP_URL: runtime.httpUrl },
    })
    expect(JSON.parse(stdout)).toEqual([{ one: 1 }])
  } finally {
    await rm(bare, { recursive: true, force: true })
  }
})

test('its types hold in a strict program, as an ES module and as CommonJS', async () => {
  const source = `
    import { connect, param, type Query, sql, Timestamp } from 'spice-sidecar'
    import { rowsFromIpc } from 'spice-sidecar/arrow'
    import { z } from 'zod'
    export async function main(): Promise<number> {
      const spice = await connect({ readyTimeoutMs: 1000 })
      const query: Query<{ price: number }> = spice.query<{ price: number }>('SELECT price FROM stocks')
      const [first] = await query
      const typed = await spice.query('SELECT symbol FROM stocks').as(z.object({ symbol: z.string() }))
      const name: string = typed[0]!.symbol
      const bound = await spice.sql\`SELECT \${param.int32(5)} AS five, \${Timestamp.fromEpochNanoseconds(0n)} AS t\`
      return first!.price + name.length + bound.length + rowsFromIpc(new Uint8Array()).length + sql.list([1]).toString().length
    }`
  // What a library of its own would export: with declarations on, every type has to have a name it can use.
  const library = `
    import type { SidecarClient } from 'spice-sidecar'
    export const calls = (spice: SidecarClient) => ({
      execute: () => spice.execute('DELETE FROM stocks'),
      write: () => spice.write('stocks', []),
      list: () => spice.datasets.list(),
      datasets: spice.datasets,
      catalogs: () => spice.catalogs.list(),
      status: () => spice.status(),
      flight: spice.flight,
      stream: () => spice.flight.doGet(new Uint8Array()),
      endpoint: spice.endpoint,
      query: spice.query('SELECT 1'),
      json: () => spice.query('SELECT 1').json(),
      schema: () => spice.query('SELECT 1').schema,
      timings: () => spice.query('SELECT 1').timings,
      as: spice.query('SELECT 1').as,
    })`
  for (const kind of ['mts', 'cts']) {
    await writeFile(join(application, `strict.${kind}`), source)
    await writeFile(join(application, `library.${kind}`), library)
  }
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'] },
    ...{ strict: true, declaration: true, outDir: 'compiled', skipLibCheck: true },
  }
  await writeFile(
    join(application, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions,
      files: ['mts', 'cts'].flatMap((kind) => [`strict.${kind}`, `library.${kind}`]),
    }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', application]).catch((error) => error)
  expect(stdout).toBe('')
}, 60_000)

test('it carries what it needs and nothing of the workshop', async () => {
  const files = await readdir(join(application, 'node_modules/spice-sidecar'))
  expect(files.sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'THIRD-PARTY-NOTICES.md',
      'deploy',
      'dist',
      'docs',
      'package.json',
      'proto',
    ].sort(),
  )
})
