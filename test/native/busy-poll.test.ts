import { afterEach, expect, test } from 'vitest'
import { BusyPoll } from '../../src/transport/native/busy-poll.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { Transport } from '../../src/transport/transport.ts'
import { collect, text } from './collect.ts'
import { answering } from './fault.ts'
import { ScriptedServer } from './scripted-server.ts'

let server: ScriptedServer | undefined
let transport: Transport | undefined

afterEach(async () => {
  await transport?.close()
  server?.stop()
})

/** Counts how often it is asked; no longer waiting after so many times. */
class Subject {
  asked = 0
  readonly #patience: number

  constructor(patience: number) {
    this.#patience = patience
  }

  get waiting(): boolean {
    return ++this.asked <= this.#patience
  }
}

/** Resolves once no immediate is pending. */
async function quiet(): Promise<void> {
  while (process.getActiveResourcesInfo().includes('Immediate')) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

test('polls on every turn of the event loop until the answer is there', async () => {
  const subject = new Subject(5)
  const poll = new BusyPoll(60_000, subject)
  poll.requested(performance.now())
  await quiet()
  expect(subject.asked).toBe(6)
})

test('polls once a turn however many requests are made, and again after a later one', async () => {
  const subject = new Subject(3)
  const poll = new BusyPoll(60_000, subject)
  for (let i = 0; i < 10; i++) poll.requested(performance.now())
  await quiet()
  expect(subject.asked).toBe(4)
  poll.requested(performance.now())
  await quiet()
  expect(subject.asked).toBe(5)
})

test('ends with its time though no answer comes, and does nothing at 0', async () => {
  const subject = new Subject(Number.POSITIVE_INFINITY)
  new BusyPoll(0, subject).requested(performance.now())
  expect(process.getActiveResourcesInfo()).not.toContain('Immediate')
  new BusyPoll(5, subject).requested(performance.now())
  await quiet()
  expect(subject.asked).toBeGreaterThan(0)
})

test('a transport that polls gives the same answers and leaves nothing behind', async () => {
  server = await ScriptedServer.start(answering)
  transport = createNativeTransport({
    address: { secure: false, host: '127.0.0.1', port: server.port },
    connections: 1,
    busyPollMs: 20,
  })
  for (const streamId of [1, 3]) {
    const { error, messages } = await collect(transport, 'Ask', Buffer.from('?'))
    expect(error).toBeNull()
    expect(messages.map(text)).toEqual([`stream ${streamId}`])
  }
  const both = await Promise.all([
    collect(transport, 'Ask', Buffer.from('?')),
    collect(transport, 'Ask', Buffer.from('?')),
  ])
  expect(both.map(({ messages }) => text(messages[0]))).toEqual(['stream 5', 'stream 7'])
  await quiet()
})
