import { Metadata } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import type { SidecarError } from '../../src/errors.ts'
import { encodeFlightData } from '../../src/flight/flight-data.ts'
import type { Call } from '../../src/transport/transport.ts'
import { untilStill } from '../support/until-still.ts'
import { bytes, PATH, run, serve } from './grpc-js-call.ts'

describe('a call over grpc-js', () => {
  it('streams responses and carries metadata both ways', async () => {
    const { server, transport } = await serve({
      async DoGet(call) {
        const headers = new Metadata()
        headers.add('x-cache', 'Miss')
        headers.add('blob-bin', Buffer.from([9, 8]))
        call.sendHeaders(headers)
        const request = await call.receive()
        await call.send(request!)
        await call.send(bytes(2))
      },
    })
    const outcome = await run(transport, bytes(1), {
      metadata: [
        ['x-one', 'a'],
        ['raw-bin', bytes(0, 255)],
      ],
    })
    expect(outcome.error).toBeNull()
    expect(outcome.messages).toEqual([bytes(1), bytes(2)])
    expect(outcome.headers?.get('x-cache')).toBe('Miss')
    expect([...outcome.headers!.getBinary('blob-bin')!]).toEqual([9, 8])
    expect(server.metadata[0].get('x-one')).toEqual(['a'])
    expect([...(server.metadata[0].get('raw-bin')[0] as Buffer)]).toEqual([0, 255])
    expect(transport.stats).toMatchObject({ calls: 1, connections: 1 })
  })

  it('sends many messages and reports when there is room again', async () => {
    let received = 0
    const { transport } = await serve({
      async DoGet(call) {
        for (const message of await call.receiveAll()) received += message.length
      },
    })
    const chunk = new Uint8Array(300_000)
    let left = 20
    let stalls = 0
    await new Promise<void>((resolve, reject) => {
      const fill = (): void => {
        while (left > 0) {
          left--
          if (!call.write(chunk)) {
            stalls++
            return
          }
        }
        call.end()
      }
      const call = transport.start(PATH, null, {
        onMessage() {},
        onEnd: (error) => (error ? reject(error) : resolve()),
        onDrain: fill,
      })
      fill()
    })
    expect(received).toBe(6_000_000)
    expect(stalls).toBeGreaterThan(1)
  })

  it('stops the server while paused and goes on when resumed', async () => {
    const total = 400
    let sent = 0
    const { transport } = await serve(
      {
        async DoGet(call) {
          for (; sent < total; sent++) await call.send(new Uint8Array(100_000))
        },
      },
      { streamWindowBytes: 1024 * 1024 },
    )
    let received = 0
    let call!: Call
    let pausedAt: (() => void) | null = null
    const paused = new Promise<void>((resolve) => {
      pausedAt = resolve
    })
    const ended = new Promise<SidecarError | null>((resolve) => {
      call = transport.start(PATH, bytes(), {
        onMessage() {
          if (++received === 5) {
            call.pause()
            pausedAt?.()
          }
        },
        onEnd: resolve,
      })
    })
    await paused
    expect(await untilStill(() => sent)).toBeLessThan(total / 2)
    expect(received).toBeLessThanOrEqual(6)
    call.resume()
    expect(await ended).toBeNull()
    expect(received).toBe(total)
  })

  it('puts a batch body where typed arrays can lie over it', async () => {
    const message = encodeFlightData({ header: new Uint8Array(201), body: new Uint8Array(64).fill(7) })
    const { transport } = await serve({ DoGet: (call) => call.send(message) })
    const outcome = await run(transport, bytes(), { alignAt: (_bytes, _start, _end, length) => length - 64 })
    const [received] = outcome.messages
    expect(received).toEqual(message)
    expect((received.byteOffset + received.length - 64) % 64).toBe(0)
  })
})

describe('closing a grpc-js transport', () => {
  it('ends what is under way, refuses what comes later and leaves nothing open', async () => {
    const { server, transport } = await serve({
      async DoGet(call) {
        await call.send(bytes(1))
        await call.cancelled
      },
    })
    const ended = new Promise<SidecarError | null>((resolve) => {
      transport.start(PATH, bytes(), { onMessage: () => void transport.close(), onEnd: resolve })
    })
    expect(await ended).toMatchObject({ code: 'CLOSED', unprocessed: false })
    expect((await run(transport, bytes())).error).toMatchObject({ code: 'CLOSED', unprocessed: true })
    await expect(transport.connect()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(server.calls).toHaveLength(1)
  })

  it('waits for what is under way within its grace', async () => {
    let release!: () => void
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const { transport } = await serve({
      async DoGet(call) {
        await call.send(bytes(1))
        await released
        await call.send(bytes(2))
      },
    })
    const outcome = new Promise<[number, SidecarError | null]>((resolve) => {
      let count = 0
      transport.start(PATH, bytes(), {
        onMessage() {
          if (++count === 1) {
            closing = transport.close(10_000)
            release()
          }
        },
        onEnd: (error) => resolve([count, error]),
      })
    })
    let closing: Promise<void> | undefined
    expect(await outcome).toEqual([2, null])
    await closing
  })
})
