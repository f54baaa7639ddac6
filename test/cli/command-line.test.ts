import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

const CLI = resolve(import.meta.dirname, '../../dist/cli.mjs')

let runtime: SpawnedRuntime
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spice-sidecar-cli-'))
  runtime = await spawnRuntime({
    spicepod: {
      version: 'v1',
      kind: 'Spicepod',
      name: 'cli',
      datasets: [{ from: `file:${dataFile('stocks.csv')}`, name: 'stocks', acceleration: { enabled: true } }],
    },
  })
})
afterAll(async () => {
  await runtime?.stop()
  await rm(directory, { recursive: true, force: true })
})

interface Finished {
  code: number
  stdout: string
  bytes: Buffer
  stderr: string
}

/** Runs the built command line, against the test's runtime unless `env` says otherwise. */
async function run(
  args: string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: {
      ...process.env,
      SPICE_HTTP_URL: runtime.httpUrl,
      SPICE_FLIGHT_URL: '',
      SPICE_API_KEY: '',
      ...options.env,
    },
  })
  child.stdin.end(options.input ?? '')
  const [bytes, stderr, [code]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { code, stdout: String(bytes), bytes, stderr }
}

describe('discover', () => {
  test('says where the runtime is and how it was found', async () => {
    const { code, stdout } = await run(['discover', '--format', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      http: runtime.httpUrl,
      flight: `grpc://${runtime.flight}`,
      server: 'spice',
      transport: 'flight',
    })
    const shown = await run(['discover'])
    expect(shown.stdout).toContain(runtime.httpUrl)
    expect(shown.stdout).toContain('environment SPICE_HTTP_URL')
  })

  test('fails with what was tried and what to do when nothing is there', async () => {
    const closed = createTcpServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const { code, stderr } = await run(['discover', '--http-url', `http://127.0.0.1:${port}`])
    expect(code).toBe(1)
    expect(stderr).toContain(`127.0.0.1:${port}`)
    expect(stderr).toContain('refused')
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('tells an HTTP server that is no runtime from a runtime', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const { code, stderr } = await run(['discover'], { env: { SPICE_HTTP_URL: url } })
      expect(code).toBe(1)
      expect(stderr).toContain(url)
    } finally {
      server.close()
    }
  })
})

describe('query', () => {
  const sql = `SELECT symbol, price, 9007199254740993 AS big FROM stocks WHERE symbol = $1 ORDER BY price DESC LIMIT 2`

  test.each(['flight', 'http'])('prints rows as JSON with all digits over %s', async (transport) => {
    const { code, stdout, stderr } = await run(['query', sql, '--param', 'IBM', '--transport', transport])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain('"big":9007199254740993')
    expect(JSON.parse(stdout)).toMatchObject([{ symbol: 'IBM', price: 130.32 }, { symbol: 'IBM' }])
  })

  test('prints a table and CSV', async () => {
    const table = await run(['query', sql, '--param', 'IBM', '--format', 'table'])
    expect(table.stdout.split('\n')[0]).toMatch(/^symbol\s+price\s+big$/)
    expect(table.stdout).toContain('(2 rows)')
    const csv = await run(['query', `SELECT 'a,"b"' AS "x,y", NULL AS n`, '--format', 'csv'])
    expect(csv.stdout).toBe('"x,y",n\r\n"a,""b""",\r\n')
  })

  test('writes an Arrow stream', async () => {
    const { bytes } = await run(['query', 'SELECT symbol, price FROM stocks', '--format', 'arrow'])
    const table = tableFromIPC(bytes)
    expect(table.numRows).toBe(560)
    expect(table.schema.names).toEqual(['symbol', 'price'])
  })

  test('an empty result keeps its columns', async () => {
    const { stdout } = await run(['query', 'SELECT symbol FROM stocks WHERE false', '--format', 'csv'])
    expect(stdout).toBe('symbol\r\n')
    expect((await run(['query', 'SELECT symbol FROM stocks WHERE false', '--format', 'json'])).stdout).toBe(
      '[]\n',
    )
  })

  test('reads the statement from standard input', async () => {
    const { stdout } = await run(['query', '-', '--format', 'csv'], { input: 'SELECT 42 AS answer' })
    expect(stdout).toBe('answer\r\n42\r\n')
  })

  test.each([
    ['SELEC 1', /SELEC/],
    ['SELECT * FROM no_such_table', /no_such_table/],
    ['SELECT $1::INT', /\$1|parameter/],
  ])('%s fails with the reason and exit code 1', async (statement, reason) => {
    const { code, stdout, stderr } = await run(['query', statement])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(reason)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect((await run(['query', statement, '--verbose'])).stderr).toMatch(/^\s+at /m)
  })

  test('a reader that stops early is not a failure', async () => {
    const child = spawn(
      process.execPath,
      [CLI, 'query', 'SELECT range AS n FROM range(3000000)', '--format', 'csv'],
      {
        env: { ...process.env, SPICE_HTTP_URL: runtime.httpUrl },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const stderr = text(child.stderr)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'exit')
    expect(await stderr).toBe('')
    expect(code).toBe(0)
  })
})

test('an interruption ends a statement, is called one, and exits with 1', async () => {
  const statement = 'SELECT count(*) FROM range(10000000) a, range(10000000) b'
  const child = spawn(process.execPath, [CLI, 'query', statement], {
    env: { ...process.env, SPICE_HTTP_URL: runtime.httpUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stderr = text(child.stderr)
  for (let running = false; !running; ) {
    running = (await (await fetch(`${runtime.httpUrl}/v1/sql/active`)).text()).includes(statement)
  }
  child.kill('SIGINT')
  expect((await once(child, 'exit'))[0]).toBe(1)
  expect(await stderr).toBe('spice-sidecar: interrupted\n')
})

describe('wrong use', () => {
  test.each([
    [[]],
    [['quer']],
    [['query']],
    [['query', '']],
    [['query', 'SELECT 1', 'SELECT 2']],
    [['query', 'SELECT 1', '--format', 'xml']],
    [['query', 'SELECT 1', '--http-url', 'no url']],
    [['query', 'SELECT 1', '--timeout', 'soon']],
    [['discover', '--nonsense']],
    [['bench', '--duration', '-1']],
    [['bench', '--sql', 'a=SELECT 1', '--sql', 'a=SELECT 2']],
    [['link', 'nowhere']],
    [['link', '127.0.0.1:65536']],
    [['serve', '/no/such/spicepod.yaml']],
    [['serve', '--nonsense']],
  ])('%j exits with 2 and says why', async (args) => {
    const { code, stderr, stdout } = await run(args)
    expect(code).toBe(2)
    if (args.length > 0) {
      expect(stderr).toMatch(/^spice-sidecar/)
      expect(stdout).toBe('')
    }
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test.each(['discover', 'query', 'types', 'bench', 'serve', 'link'])(
    '%s --help teaches',
    async (command) => {
      const { code, stdout } = await run([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^Usage: spice-sidecar ${command}`))
    },
  )
})

describe('bench', () => {
  test('compares loopback with an emulated remote and writes JSON and a page', async () => {
    const json = join(directory, 'bench.json')
    const html = join(directory, 'bench.html')
    const { code, stdout, stderr } = await run([
      ...['bench', '--duration', '1', '--rtt', '20', '--jitter', '0', '--sql', 'one=SELECT 1 AS one'],
      ...['--sql', "ibm=SELECT * FROM stocks WHERE symbol = 'IBM'", '--json', json, '--html', html],
    ])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(stdout).toContain('remote (emulated)')
    const { environment, series } = JSON.parse(await readFile(json, 'utf8'))
    expect(environment).toMatchObject({ remote: { emulated: true }, link: { rttMs: 20 } })
    expect(series).toHaveLength(8)
    for (const one of series) {
      expect(one).toMatchObject({ rows: one.statement === 'one' ? 1 : 123, errors: 0 })
      expect(one.emulated).toBe(one.target === 'remote')
      expect(one.count).toBeGreaterThan(0)
      if (one.target === 'remote') expect(one.p50Us).toBeGreaterThanOrEqual(19_900)
    }
    expect(await readFile(html, 'utf8')).toContain('remote (emulated)')
  })

  test('a statement that never works is reported and fails the benchmark', async () => {
    const { code, stdout } = await run([
      'bench',
      '--duration',
      '0.2',
      '--no-remote',
      '--sql',
      'SELECT * FROM missing',
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/! statement-1 over flight \(loopback\): .*missing/)
  })
})
