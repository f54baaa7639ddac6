/** The SQL text of a case selects its prepared answer in the replay server. */
export const CASES = ['one-row', 'k1', 'stream', 'inflight64'] as const
export type CaseName = (typeof CASES)[number]

export const SQL = {
  oneRow: 'SELECT symbol, price, volume, time FROM one_row',
  thousandRows: 'SELECT symbol, price, volume, time FROM thousand_rows',
  stream: 'SELECT symbol, price, volume, time FROM stream_of_batches',
} as const

export const ROWS_PER_BATCH = 8_192
export const STREAM_BATCHES = 285
export const IN_FLIGHT = 64

/** Rows of each answer. */
export const ROWS: Readonly<Record<string, number>> = {
  [SQL.oneRow]: 1,
  [SQL.thousandRows]: 1_000,
  [SQL.stream]: STREAM_BATCHES * ROWS_PER_BATCH,
}

/** What the replay server tells its clients. */
export interface ServerAddress {
  port: number
  /** Per SQL text, the bytes of its answer's gRPC messages without their prefixes. */
  answerBytes: Readonly<Record<string, number>>
  answerMessages: Readonly<Record<string, number>>
}
