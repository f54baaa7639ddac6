import type { Channel } from '@grpc/grpc-js'
import { AbortError, ClosedError, type SidecarError, TimeoutError } from '../../errors.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS } from '../defaults.ts'
import type { TransportOptions } from '../transport.ts'
import { type CallOwner, GrpcJsCall } from './call.ts'
import { createChannel } from './channel.ts'

type Grpc = typeof import('@grpc/grpc-js')

/** grpc-js's connectivity states, by number. */
const READY = 2
const TRANSIENT_FAILURE = 3
const SHUTDOWN = 4

/** A channel with a limit on how long its connection may take, which grpc-js does not have. */
export class MonitoredChannel {
  private readonly grpc: Grpc
  private readonly channel: Channel
  private readonly owner: CallOwner
  private readonly connectTimeoutMs: number
  private state: number
  private readonly waiting = new Set<GrpcJsCall>()
  private readonly stateListeners = new Set<() => void>()
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(grpc: Grpc, options: TransportOptions, owner: CallOwner) {
    this.grpc = grpc
    this.owner = owner
    this.connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS
    this.channel = createChannel(grpc, options)
    this.state = this.channel.getConnectivityState(false)
    this.watch()
  }

  start(call: GrpcJsCall): void {
    call.attach(this.grpc, this.channel)
    if (!call.isOngoing) return
    if (this.state === READY) {
      this.owner.stats.calls++
      return
    }
    this.waiting.add(call)
    this.timer ??= setTimeout(() => this.timedOut(), this.connectTimeoutMs)
  }

  /** Resolves once the connection stands; rejects with why it does not. */
  connect(options: { signal?: AbortSignal; deadline?: number }): Promise<void> {
    if (this.state === READY) return Promise.resolve()
    const { signal, deadline } = options
    return new Promise((resolve, reject) => {
      const left = deadline === undefined ? this.connectTimeoutMs : deadline - performance.now()
      const allowed = Math.max(0, Math.min(this.connectTimeoutMs, Math.round(left)))
      const finish = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.stateListeners.delete(onState)
      }
      const fail = (error: SidecarError): void => {
        finish()
        reject(error)
      }
      const onAbort = (): void => fail(new AbortError('Connecting was aborted', { cause: signal?.reason }))
      const onState = (): void => {
        if (this.state === READY) {
          finish()
          resolve()
        } else if (this.state === TRANSIENT_FAILURE) {
          finish()
          this.explainFailure(reject)
        } else if (this.state === SHUTDOWN) {
          fail(new ClosedError(`The connection to ${this.owner.peer} is closed`))
        }
      }
      const timer = setTimeout(() => fail(this.connectTimeout(allowed)), allowed)
      this.stateListeners.add(onState)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
      else {
        this.state = this.channel.getConnectivityState(true)
        onState()
      }
    })
  }

  close(): void {
    this.stopWaiting()
    this.channel.close()
  }

  /** A state carries no reason, a call does; on a channel that failed to connect it goes no further. */
  private explainFailure(reject: (error: SidecarError) => void): void {
    const handler = {
      onMessage() {},
      onEnd(error: SidecarError | null) {
        if (error !== null) reject(error)
      },
    }
    new GrpcJsCall({ ...this.owner, ended() {} }, '/', handler, {}).attach(this.grpc, this.channel)
  }

  private watch(): void {
    this.channel.watchConnectivityState(this.state, Number.POSITIVE_INFINITY, () => {
      const state = this.channel.getConnectivityState(false)
      if (state === READY) this.connected()
      // Calls that waited go ahead when it is ready, and have failed with the reason when it is not.
      if (state === READY || state === TRANSIENT_FAILURE) this.stopWaiting()
      this.state = state
      for (const listener of [...this.stateListeners]) listener()
      if (state !== SHUTDOWN) this.watch()
    })
  }

  private connected(): void {
    const { stats } = this.owner
    stats.connections++
    for (const call of this.waiting) if (call.isOngoing) stats.calls++
  }

  private stopWaiting(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.waiting.clear()
  }

  private timedOut(): void {
    const error = this.connectTimeout(this.connectTimeoutMs)
    const calls = [...this.waiting]
    this.stopWaiting()
    for (const call of calls) call.cancel(error)
  }

  private connectTimeout(allowedMs: number): TimeoutError {
    return new TimeoutError(`No connection to ${this.owner.peer} within ${allowedMs} ms`, allowedMs, {
      unprocessed: true,
    })
  }
}
