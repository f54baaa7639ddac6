import { spawnRuntime } from './spawn-runtime.ts'

export interface FlightRuntime {
  readonly address: string
  readonly httpUrl: string
  /** Resolves once so many statements run or wait. */
  untilActive(count: number): Promise<void>
  /** The exit code of the process. */
  close(): Promise<number | null>
}

const TRADES = `symbol,price,size
BTC,64000.5,2
ETH,3100.25,10
SOL,150.75,400
`

/**
 * A runtime process with three small datasets: `trades`, and the writable `journal` (id, note, amount) and
 * `places.visited` (as trades).
 */
export async function startFlightRuntime(
  options: { keys?: string[]; args?: string[] } = {},
): Promise<FlightRuntime> {
  const runtime = await spawnRuntime({
    ...(options.args ? { args: options.args } : {}),
    files: { 'trades.csv': TRADES, 'journal.json': '[{"id": 1, "note": "first", "amount": 1.5}]' },
    spicepod: {
      name: 'flight-tests',
      ...(options.keys ? { runtime: { auth: { 'api-key': { enabled: true, keys: options.keys } } } } : {}),
      datasets: [
        { from: 'file:trades.csv', name: 'trades', acceleration: { enabled: true } },
        { from: 'file:journal.json', name: 'journal', access: 'read_write' },
        { from: 'file:trades.csv', name: 'places.visited', access: 'read_write' },
      ],
    },
  })
  return {
    address: runtime.flight,
    httpUrl: runtime.httpUrl,
    untilActive: (count) => runtime.untilActive(count),
    close: () => runtime.stop(),
  }
}
