import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { untilStill } from '../support/until-still.ts'
import { HEAD, runtime, TAIL } from './streamed-runtime.ts'

/** Writes rows as fast as they are taken, until the connection ends or there are `rows`. */
function pump(response: ServerResponse, rows = Number.POSITIVE_INFINITY) {
  const s = 'x'.repeat(1000)
  let n = 0
  response.write(HEAD)
  const go = () => {
    while (!response.destroyed && n < rows) {
      if (!response.write(`${n > 0 ? ',' : ''}{"n":${n++},"s":"${s}"}`)) return response.once('drain', go)
    }
    return response.end(TAIL)
  }
  go()
  return { bytes: () => n * 1000 }
}

describe('rows over HTTP', () => {
  it('reach the loop as they come, while more are to come', async () => {
    let rest: ((text: string) => void) | undefined
    const { spice } = await runtime((response) => {
      response.write(`${HEAD}{"n":0,"s":"é`)
      rest = (text) => (text === TAIL ? response.end(text) : response.write(text))
      setImmediate(() => rest?.('"}'))
    })
    const seen: unknown[] = []
    for await (const { n, s } of spice.query('SELECT n, s')) {
      seen.push([n, s])
      // Only what has been read lets the server go on.
      rest?.(seen.length < 5 ? `,{"n":${seen.length},"s":"é"}` : TAIL)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4].map((n) => [n, 'é']))
  })

  it('come as batches, too', async () => {
    const { spice } = await runtime((response) => pump(response, 20_000))
    let rows = 0
    let batches = 0
    for await (const batch of spice.query('SELECT n, s').batches()) {
      expect(batch.toArray()[0].n).toBe(rows)
      rows += batch.numRows
      batches++
    }
    expect(rows).toBe(20_000)
    expect(batches).toBeGreaterThan(2)
    expect((await spice.query('SELECT n, s').table()).numRows).toBe(20_000)
  })

  it('are not fetched faster than they are read', async () => {
    let sent = { bytes: () => 0 }
    const { spice, responses } = await runtime((response) => {
      sent = pump(response)
    })
    const rows = spice.query('SELECT n, s')[Symbol.asyncIterator]()
    expect((await rows.next()).value).toMatchObject({ n: 0 })
    const stalled = () => untilStill(sent.bytes)
    const first = await stalled()
    expect(first).toBeLessThan(40_000_000)
    for (let n = 1; n * 1000 < first; n++) expect((await rows.next()).value).toMatchObject({ n })
    expect(await stalled()).toBeGreaterThan(first)
    const closed = once(responses[0], 'close')
    await rows.return?.()
    await closed
  })

  it('are more than are kept at once', async () => {
    const { spice } = await runtime((response) => pump(response, 5_000), {
      http: { maxResponseBytes: 2_000_000 },
    })
    let count = 0
    for await (const row of spice.query('SELECT n, s')) expect(row.n).toBe(count++)
    expect(count).toBe(5_000)
    await expect(spice.query('SELECT n, s')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('are refused when one of them alone is too large', async () => {
    const { spice } = await runtime(
      (response) => {
        response.write(`${HEAD}{"n":0,"s":"`)
        const go = () => {
          while (!response.destroyed && response.write('x'.repeat(4096))) {}
        }
        response.on('drain', go)
        go()
      },
      { http: { maxResponseBytes: 100_000 } },
    )
    const reading = async () => {
      for await (const _ of spice.query('SELECT n, s')) throw new Error('a row')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('of which only the first is wanted end the answer', async () => {
    const { spice, responses } = await runtime((response) => pump(response))
    expect(await spice.query('SELECT n, s').first()).toMatchObject({ n: 0 })
    await once(responses[0], 'close')
    expect(await spice.query('SELECT n, s').first()).toMatchObject({ n: 0 })
  })

  it('end the answer when the loop is left', async () => {
    const { spice, responses, server } = await runtime((response, sql) => {
      if (sql === 'short') response.end(`${HEAD}${TAIL}`)
      else pump(response)
    })
    for await (const row of spice.query('SELECT n, s')) if (row.n === 3) break
    if (!responses[0].destroyed) await once(responses[0], 'close')
    expect(await spice.query('short')).toEqual([])
    expect(server.sockets.size).toBe(1)
  })

  it.each<[string, string, (end: { abort: AbortController; cancel(): void; close(): void }) => void]>([
    ['its signal', 'ABORTED', ({ abort }) => abort.abort('enough')],
    ['cancel()', 'ABORTED', ({ cancel }) => cancel()],
    ['close()', 'CLOSED', ({ close }) => close()],
  ])('end with %s in the middle of the answer', async (_, code, end) => {
    const { spice, responses } = await runtime((response) => response.write(`${HEAD}{"n":0,"s":null}`))
    const abort = new AbortController()
    const query = spice.query('SELECT n, s', undefined, { signal: abort.signal })
    const reading = async () => {
      for await (const _ of query) {
        const cancel = () => query.cancel()
        const close = () => void spice.close()
        end({ abort, cancel, close })
      }
    }
    const error = await reading().catch((reason) => reason)
    expect(error).toMatchObject({ code })
    if (!responses[0].destroyed) await once(responses[0], 'close')
  })

  it('that do not come any more are waited for no longer than timeoutMs', async () => {
    const { spice, responses } = await runtime((response) => response.write(`${HEAD}{"n":0,"s":null},{"n":`))
    let rows = 0
    const reading = async () => {
      for await (const _ of spice.query('SELECT n, s', undefined, { timeoutMs: 100 })) rows++
    }
    await expect(reading()).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 100 })
    expect(rows).toBe(1)
    await once(responses[0], 'close')
    await expect(spice.query('SELECT n, s', undefined, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/only \d+ bytes of the answer within 100 ms/),
    })
  })

  it.each<[string, (response: ServerResponse) => unknown, string]>([
    ['without its last chunk', (response) => response.destroy(), 'CONNECTION_LOST'],
    ['without its brackets', (response) => response.end(), 'PROTOCOL'],
    ['with fewer rows than it says', (response) => response.end('],"row_count":2}'), 'PROTOCOL'],
    ['with more than its end', (response) => response.end(']}]'), 'PROTOCOL'],
  ])('of an answer that ends %s are an error, never a short result', async (_, end, code) => {
    const { spice } = await runtime((response) => {
      response.write(`${HEAD}{"n":0,"s":null}`)
      setImmediate(() => end(response))
    })
    const streamed = async (idempotent: boolean) => {
      let rows = 0
      for await (const _ of spice.query('SELECT n, s', undefined, { idempotent })) rows++
      return rows
    }
    await expect(streamed(true)).rejects.toMatchObject({ code })
    await expect(spice.query('SELECT n, s', undefined, { idempotent: false })).rejects.toMatchObject({ code })
    await expect(spice.query('x', undefined, { idempotent: false }).table()).rejects.toMatchObject({ code })
  })

  it('awaited whole are asked for again when the answer breaks off, since none was seen', async () => {
    let attempts = 0
    const { spice } = await runtime((response) => {
      response.write(`${HEAD}{"n":0,"s":null}`)
      if (attempts++ === 0) setImmediate(() => response.destroy())
      else response.end(TAIL)
    })
    const query = spice.query('SELECT n, s')
    expect(await query).toEqual([{ n: 0, s: null }])
    expect(query.info?.roundTrips).toBe(2)
  })

  it('without a schema come as they are read, with the columns known by then', async () => {
    const { spice } = await runtime((response) => {
      const rows = Array.from({ length: 60_000 }, (_, n) => `{"n":${n},"text":"${'x'.repeat(40)}"}`)
      response.end(`[${rows.join(',')},{"n":60000,"late":true}]`)
    })
    const query = spice.query('SELECT n, text, late')
    let count = 0
    for await (const row of query) {
      expect(row.n).toBe(count++)
      if (count === 1) expect(query.info).toBeNull()
      if (count === 60_001) expect(row).toEqual({ n: 60_000, text: null, late: true })
    }
    expect(count).toBe(60_001)
    expect(query.warnings).toEqual([
      expect.stringMatching(/without a schema/),
      expect.stringMatching(/lack it: "late"/),
    ])
    const whole = await spice.query('SELECT n, text, late')
    expect(Object.keys(whole[0])).toEqual(['n', 'text', 'late'])
    expect((await spice.query('SELECT n, text, late').table()).schema.names).toEqual(['n', 'text', 'late'])
  })
})
