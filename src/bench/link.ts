import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a network between client and server is made of. */
export interface LinkProfile {
  /** Round-trip time in milliseconds, half of it in each direction. */
  rttMs: number
  /** Largest extra delay of one segment in milliseconds; uniform, and never reorders bytes. */
  jitterMs: number
  /** Capacity of each direction, all connections together, in megabits per second. */
  megabitsPerSecond: number
}

/** Bytes one direction of one connection may hold back before the sender is paused. */
const QUEUE_LIMIT = 8 * 1024 * 1024

/** One direction's shared capacity: the time at which its last queued bit will have been sent. */
interface Lane {
  freeAt: number
}

/** A TCP proxy on a loopback port that makes what passes through it behave like a network link. */
export interface Link {
  /** `127.0.0.1:port` to dial instead of the target. */
  address: string
  close(): Promise<void>
}

/**
 * Opens a proxy to `target` (`host:port`). Delays are kept by timers for whole milliseconds and by turns
 * of the event loop below that, so a link should have a process to itself.
 */
export async function openLink(target: string, profile: LinkProfile): Promise<Link> {
  const { host, port } = splitAddress(target)
  const upLane: Lane = { freeAt: 0 }
  const downLane: Lane = { freeAt: 0 }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host, port, noDelay: true, allowHalfOpen: true })
    forward(near, far, upLane, profile)
    forward(far, near, downLane, profile)
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => peer.destroy())
      socket.on('close', (failed) => {
        sockets.delete(socket)
        if (failed) peer.destroy()
      })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** Splits `host:port`, brackets of an IPv6 address removed. */
function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}

/** Copies one direction, each segment released when the link would have delivered it. */
function forward(from: Socket, to: Socket, lane: Lane, profile: LinkProfile): void {
  const bytesPerMs = (profile.megabitsPerSecond * 1e6) / 8 / 1000
  /** Segments in flight; `null` stands for the end of the stream. */
  const queue: Array<{ at: number; bytes: Buffer | null }> = []
  let queued = 0
  let lastAt = 0
  let waiting = false

  const release = () => {
    waiting = false
    const now = performance.now()
    while (queue.length > 0 && queue[0]!.at <= now) {
      const { bytes } = queue.shift()!
      if (to.destroyed) continue
      if (bytes === null) to.end()
      else {
        queued -= bytes.length
        to.write(bytes)
      }
    }
    if (queued < QUEUE_LIMIT / 2 && from.isPaused() && !to.writableNeedDrain) from.resume()
    wait()
  }
  const wait = () => {
    if (waiting || queue.length === 0 || to.destroyed) return
    waiting = true
    const left = queue[0]!.at - performance.now()
    // A timer fires up to a millisecond late; the rest is waited for in turns of the event loop.
    if (left > 1.5) setTimeout(release, Math.floor(left - 1))
    else setImmediate(release)
  }
  const push = (bytes: Buffer | null) => {
    const size = bytes === null ? 0 : bytes.length
    lane.freeAt = Math.max(performance.now(), lane.freeAt) + size / bytesPerMs
    lastAt = Math.max(lastAt, lane.freeAt + profile.rttMs / 2 + Math.random() * profile.jitterMs)
    queue.push({ at: lastAt, bytes })
    wait()
  }
  from.on('data', (bytes: Buffer) => {
    queued += bytes.length
    push(bytes)
    if (queued > QUEUE_LIMIT || to.writableNeedDrain) from.pause()
  })
  from.on('end', () => push(null))
  to.on('drain', () => {
    if (queued < QUEUE_LIMIT / 2) from.resume()
  })
}
