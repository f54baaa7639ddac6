import type { ServerResponse } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runtimeScript, scriptedHttp } from '../support/scripted-http.ts'
import { HEAD, runtime, TAIL } from './streamed-runtime.ts'

describe('connections', () => {
  it('are as many as queries overlap, and no more than allowed', async () => {
    const waiting: ServerResponse[] = []
    const { spice, server } = await runtime(
      (response, sql) => {
        if (sql === 'wait') waiting.push(response)
        else response.end(`${HEAD}${TAIL}`)
      },
      { http: { connections: 3 } },
    )
    for (let i = 0; i < 20; i++) await spice.query('one')
    expect(server.sockets.size).toBe(1)
    const queries = Array.from({ length: 5 }, () => spice.query('wait').rows())
    await vi.waitUntil(() => waiting.length === 3)
    expect(server.sockets.size).toBe(3)
    for (let answered = 0; answered < 5; answered++) {
      const response = await vi.waitUntil(() => waiting.shift())
      response.end(`${HEAD}${TAIL}`)
    }
    await Promise.all(queries)
    expect(server.sockets.size).toBe(3)
  })

  it('that a query waits for are left to others when it is given up', async () => {
    const waiting: ServerResponse[] = []
    const { spice } = await runtime((response) => waiting.push(response), { http: { connections: 1 } })
    const first = spice.query('first').rows()
    const abort = new AbortController()
    const second = spice.query('second', undefined, { signal: abort.signal }).rows()
    const third = spice.query('third').rows()
    await vi.waitUntil(() => waiting.length === 1)
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' })
    waiting[0].end(`${HEAD}${TAIL}`)
    await first
    await vi.waitUntil(() => waiting.length === 2)
    waiting[1].end(`${HEAD}${TAIL}`)
    await third
    expect(waiting).toHaveLength(2)
  })

  it('that cannot be made fail every query that waits for one, until they can be made again', async () => {
    const { spice, server } = await runtime((response) => response.end(`${HEAD}${TAIL}`), {
      http: { connections: 2 },
      retries: 0,
    })
    await spice.query('one')
    await server.close()
    const codes = await Promise.all(
      Array.from({ length: 7 }, () =>
        spice
          .query('SELECT 1')
          .rows()
          .then(
            () => 'answered',
            ({ code, unprocessed }) => `${code} ${unprocessed}`,
          ),
      ),
    )
    // The first may still have met the old connection.
    expect(codes.slice(1)).toEqual(Array(6).fill('CONNECTION_FAILED true'))
    const again = await scriptedHttp(
      runtimeScript((_, response) => response.end(`${HEAD}${TAIL}`)),
      server.port,
    )
    onTestFinished(again.close)
    expect(await Promise.all(Array.from({ length: 7 }, () => spice.query('SELECT 1')))).toHaveLength(7)
    expect(again.sockets.size).toBe(2)
  })

  it('see nothing of a query whose signal has fired before', async () => {
    const { spice, server } = await runtime((response) => response.end(`${HEAD}${TAIL}`))
    await spice.query('one')
    const signal = AbortSignal.abort('too late')
    await expect(spice.query('two', undefined, { signal })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'too late',
    })
    await spice.query('three')
    const bodies = server.requests.filter(({ url }) => url === '/v1/sql').map(({ body }) => body)
    expect(bodies).toEqual(['one', 'three'])
  })

  it('may share a signal among many queries', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    const { spice, server } = await runtime(() => {})
    const abort = new AbortController()
    const queries = Array.from({ length: 30 }, () =>
      spice.query('wait', undefined, { signal: abort.signal, idempotent: false }).rows(),
    )
    await vi.waitUntil(() => server.sockets.size === 16)
    abort.abort('all of you')
    for (const query of queries)
      await expect(query).rejects.toMatchObject({ code: 'ABORTED', cause: 'all of you' })
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})
