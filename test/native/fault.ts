import { expect } from 'vitest'
import { SidecarError } from '../../src/errors.ts'
import { Flag, FrameType } from '../../src/transport/native/frames.ts'
import { createNativeTransport } from '../../src/transport/native/index.ts'
import type { CallOptions, Transport, TransportOptions } from '../../src/transport/transport.ts'
import type { Outcome } from '../support/outcome.ts'
import { collect, text } from './collect.ts'
import { response, type Script, type ScriptedConnection, ScriptedServer } from './scripted-server.ts'

/** A fault no call of these tests may take longer to report. Far more than any needs, even on a busy machine. */
export const DEADLINE_MS = 15_000

/** Greets and answers every request with its stream id. */
export const answering: Script = async (connection) => {
  connection.greet()
  await answerAll(connection)
}

export async function answerAll(connection: ScriptedConnection): Promise<void> {
  while (!connection.closed) {
    const end = await connection.next(
      ({ type, flags }) => type === FrameType.DATA && (flags & Flag.END_STREAM) !== 0,
    )
    if (end) connection.send(response(end.streamId, `stream ${end.streamId}`))
  }
}

/** A client and a server whose first connection follows `script`; those after it behave. */
export class Fault {
  readonly server: ScriptedServer
  readonly transport: Transport

  private constructor(server: ScriptedServer, options: Partial<TransportOptions>) {
    this.server = server
    this.transport = createNativeTransport({
      address: { secure: false, host: '127.0.0.1', port: server.port },
      connections: 1,
      ...options,
    })
  }

  static async play(
    script: (connection: ScriptedConnection) => void | Promise<void>,
    options: Partial<TransportOptions> = {},
  ): Promise<Fault> {
    const server = await ScriptedServer.start((connection, index) =>
      index === 0 ? script(connection) : answering(connection, index),
    )
    return new Fault(server, options)
  }

  ask(options: CallOptions = {}): Promise<Outcome> {
    return collect(this.transport, 'Ask', Buffer.from('?'), {
      deadline: performance.now() + DEADLINE_MS,
      ...options,
    })
  }

  /** The code of the GOAWAY with which the client left the first connection. */
  async goawayCode(): Promise<number | undefined> {
    return (await this.server.connections[0].nextOf(FrameType.GOAWAY))?.payload.readUInt32BE(4)
  }

  /** The next query works, on connection number `connections`. */
  async expectNextWorks(connections: number): Promise<void> {
    const { error, messages } = await this.ask()
    expect(error).toBeNull()
    expect(messages.map(text)[0]).toMatch(/^stream \d+$/)
    expect(this.transport.stats.connections).toBe(connections)
  }

  async end(): Promise<void> {
    await this.transport.close()
    this.server.stop()
    expect(this.server.failures).toEqual([])
  }
}

/** What a fault has to come to: class and words of the error. */
export function expectError(
  outcome: Outcome,
  kind: new (...arguments_: never[]) => SidecarError,
  words: RegExp,
): void {
  expect(outcome.error).toBeInstanceOf(SidecarError)
  expect(outcome.error).toBeInstanceOf(kind)
  expect(outcome.error?.message).toMatch(words)
}
