import { CASES, type CaseName, ROWS } from '../cases.ts'
import { type ClientUnderTest, expectCount } from './bench-client.ts'

// The package as installed, with the types of its source: the build may not be there at type checking.
const BUILT = new URL('../../../dist/index.mjs', import.meta.url).href

/** This package, as its user holds it: rows from `await`, record batches from `.batches()`. */
function spiceSidecar(
  name: string,
  flight: { transport: 'native' | 'grpc-js'; busyPollMs?: number },
  cases: readonly CaseName[] = CASES,
): ClientUnderTest {
  return {
    name,
    decodes: 'rows',
    cases,
    async open(address) {
      const { connect } = (await import(BUILT)) as typeof import('../../../src/index.ts')
      const spice = await connect({
        flightUrl: `grpc://127.0.0.1:${address.port}`,
        server: 'spice',
        transport: 'flight',
        flight: { ...flight, connections: 1 },
      })
      return {
        async query(sql) {
          const rows = await spice.query(sql)
          expectCount('rows', rows.length, ROWS[sql]!)
        },
        async stream(sql) {
          let rows = 0
          for await (const batch of spice.query(sql).batches()) rows += batch.numRows
          expectCount('rows', rows, ROWS[sql]!)
        },
        close: () => spice.close(),
      }
    },
  }
}

export const native = spiceSidecar('spice-sidecar, native', { transport: 'native' })
export const nativeOverGrpcJs = spiceSidecar('spice-sidecar, grpc-js', { transport: 'grpc-js' })
export const nativePolling = spiceSidecar(
  'spice-sidecar, native, busyPollMs: 0.2',
  { transport: 'native', busyPollMs: 0.2 },
  ['one-row', 'k1'],
)
