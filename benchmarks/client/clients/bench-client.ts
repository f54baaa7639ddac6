import type { CaseName, ServerAddress } from '../cases.ts'

/** One client under test. Each runs in a process of its own, on connections of its own. */
export interface BenchClient {
  /** One query as rows, or as bytes for a client that decodes nothing. Throws unless it got all of it. */
  query(sql: string): Promise<void>
  /** One query as a stream of batches or messages, each dropped as it arrives. Throws when any is missing. */
  stream(sql: string): Promise<void>
  close(): Promise<void> | void
}

export interface ClientUnderTest {
  /** The name in the results. */
  name: string
  /** What it does with an answer: a figure of a client that decodes nothing is no figure of one that does. */
  decodes: 'nothing' | 'rows' | 'table'
  cases: readonly CaseName[]
  open(address: ServerAddress): Promise<BenchClient>
}

export function expectCount(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`expected ${expected} ${what}, got ${got}`)
}
