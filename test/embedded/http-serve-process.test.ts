import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFile, type SpawnedRuntime, spawnRuntime } from '../support/spawn-runtime.ts'

const CLI = resolve(import.meta.dirname, '../../dist/cli.mjs')
const ENDLESS = 'SELECT count(*) FROM range(10000000000) a, range(1000) b'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'serve-'))
})

afterAll(() => rm(directory, { recursive: true }))

async function serve(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, 'serve', ...args], { timeout: 20_000 })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
  })
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

const FREE = ['--http', '127.0.0.1:0', '--flight', '127.0.0.1:0']

describe('what cannot be started', () => {
  it.each([
    ['a spicepod that is not there', ['/nowhere/at/all'], /no spicepod at \/nowhere\/at\/all/],
    ['an address with a name', ['.', '--http', 'localhost:8090'], /http: "localhost:8090" is no address/],
    ['an unknown flag', ['--port', '1'], /--port/],
    ['an unknown release', ['--emulate', 'v9'], /rc1, 2025, latest, not "v9"/],
    ['a bad number', ['--shutdown-timeout', 'soon'], /--shutdown-timeout .* not "soon"/],
  ])('%s is at most two lines on stderr and exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await serve(...args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
  })

  it.each([
    [
      'a missing file',
      'datasets: [{from: "file:gone.csv", name: gone}]',
      /dataset gone: there is no file .*gone\.csv/,
    ],
    ['another connector', 'datasets: [{from: "postgres:t", name: t}]', /dataset t: from: postgres:t/],
    ['an unknown format', 'datasets: [{from: "file:spicepod.yaml", name: t}]', /cannot tell the format/],
    [
      'a misspelt key',
      'datasets: [{from: "file:a.csv", name: a, acess: read}]',
      /spicepod\.yaml:1: datasets\[0\]\.acess/,
    ],
  ])('a spicepod with %s exits with 2', async (_, yaml, message) => {
    const path = join(directory, 'spicepod.yaml')
    await writeFile(path, yaml)
    const { code, stderr } = await serve(path, ...FREE)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it.each(['--http', '--flight', '--metrics'])('an address in use for %s is named', async (flag) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const path = join(directory, 'empty.yaml')
    await writeFile(path, 'name: empty')
    const { code, stderr } = await serve(path, ...FREE, flag, `127.0.0.1:${port}`)
    taken.close()
    expect(code).toBe(2)
    expect(stderr).toContain(`Address 127.0.0.1:${port} is already in use`)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('readiness', () => {
  it('is not reached while a dataset cannot be loaded, and stderr says why', async () => {
    await writeFile(join(directory, 'broken.parquet'), 'this is no parquet')
    const runtime = await spawnRuntime({
      spicepod: { datasets: [{ from: `file:${join(directory, 'broken.parquet')}`, name: 'broken' }] },
      waitUntilReady: false,
    })
    while (!runtime.stderr().includes('not ready')) await once(runtime.process.stderr!, 'data')
    expect(runtime.stderr()).toMatch(/broken: cannot be loaded: .*Parquet/i)
    const ready = await fetch(`${runtime.httpUrl}/v1/ready`)
    expect([ready.status, await ready.text()]).toEqual([503, 'not ready'])
    const verbose = await fetch(`${runtime.httpUrl}/v1/ready?verbose=true`)
    expect(await verbose.text()).toBe('[-] dataset:broken Error\nnot ready')
    await runtime.stop()
  })
})

describe('ending', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const idleAgent = new Agent({ keepAlive: true, maxSockets: 1 })

  afterAll(() => {
    agent.destroy()
    idleAgent.destroy()
  })

  async function send(
    runtime: SpawnedRuntime,
    path: string,
    sql: string | null,
    use: Agent,
  ): Promise<IncomingMessage> {
    const outgoing = request(runtime.httpUrl + path, { method: sql === null ? 'GET' : 'POST', agent: use })
    outgoing.end(sql ?? undefined)
    const [response] = await once(outgoing, 'response')
    return response
  }

  async function read(response: IncomingMessage): Promise<string> {
    let text = ''
    for await (const chunk of response) text += chunk
    return text
  }

  it('lets what runs end, refuses what is new and exits with 0', async () => {
    const runtime = await spawnRuntime({
      spicepod: { datasets: [{ from: `file:${dataFile('flights-3m.parquet')}`, name: 'flights' }] },
    })
    await read(await send(runtime, '/v1/status', null, idleAgent))
    // The rows are larger than what the sockets buffer, so the statement runs until they are read.
    const running = await send(runtime, '/v1/sql', 'SELECT * FROM flights LIMIT 200000', agent)
    runtime.process.kill('SIGTERM')
    while (!runtime.stderr().includes('Shutdown initiated')) await once(runtime.process.stderr!, 'data')

    const refused = await send(runtime, '/v1/ready', null, idleAgent)
    expect(refused.statusCode).toBe(503)
    expect(await read(refused)).toBe('Runtime is shutting down')
    // A connection that is still open may ask for the health; a new one is refused.
    expect(await (await fetch(`${runtime.httpUrl}/health`)).text()).toBe('ok\n')
    await expect(send(runtime, '/health', null, new Agent())).rejects.toMatchObject({ code: 'ECONNREFUSED' })

    expect(JSON.parse(await read(running))).toHaveLength(200_000)
    expect(await runtime.stop()).toBe(0)
  })

  it('stops what still runs when its time is over', async () => {
    const runtime = await spawnRuntime({ args: ['--shutdown-timeout', '0.3'] })
    const running = send(runtime, '/v1/sql', ENDLESS, new Agent())
    const outcome = running.then(
      (response) => response.statusCode,
      (error) => error.code,
    )
    await runtime.untilActive(1)
    expect(await runtime.stop()).toBe(0)
    expect(['ECONNRESET', 503]).toContain(await outcome)
  })

  it('comes at once with a second signal', async () => {
    const runtime = await spawnRuntime()
    send(runtime, '/v1/sql', ENDLESS, new Agent()).catch(() => {})
    await runtime.untilActive(1)
    runtime.process.kill('SIGINT')
    while (!runtime.stderr().includes('Shutdown initiated')) await once(runtime.process.stderr!, 'data')
    runtime.process.kill('SIGINT')
    expect(await once(runtime.process, 'exit')).toEqual([null, 'SIGINT'])
  })
})
