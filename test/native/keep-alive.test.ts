import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { KeepAlive } from '../../src/transport/native/keep-alive.ts'

const OPTIONS = { pingAfterIdleMs: 1_000, pingTimeoutMs: 20_000, verifyTimeoutMs: 5_000 }

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function observed() {
  const seen = { pings: 0, verified: 0, silentAfterMs: 0 }
  const keepAlive = new KeepAlive(OPTIONS, {
    busy: true,
    sendPing: () => {
      seen.pings++
    },
    onVerified: () => {
      seen.verified++
    },
    onSilent: (afterMs) => {
      seen.silentAfterMs = afterMs
    },
  })
  return { keepAlive, seen }
}

it('gives a server that is busy with a call longer to answer than it takes to verify a connection', () => {
  const { keepAlive, seen } = observed()
  keepAlive.watch()
  vi.advanceTimersByTime(1_000)
  expect(seen.pings).toBe(1)
  vi.advanceTimersByTime(19_900)
  expect(seen.silentAfterMs).toBe(0)
  keepAlive.acknowledged(1)
  vi.advanceTimersByTime(60_000)
  expect(seen.silentAfterMs).toBe(0)
})

it('counts the peer as lost when it answers nothing in that time', () => {
  const { keepAlive, seen } = observed()
  keepAlive.watch()
  vi.advanceTimersByTime(21_000)
  expect(seen.silentAfterMs).toBe(20_000)
})

it('waits for less before a connection is used again', () => {
  const { keepAlive, seen } = observed()
  keepAlive.verify()
  vi.advanceTimersByTime(5_000)
  expect(seen).toEqual({ pings: 1, verified: 0, silentAfterMs: 5_000 })
})
