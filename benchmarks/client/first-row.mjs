// Plain JavaScript, so that nothing but the client under test is loaded: `node first-row.mjs CLIENT PORT`.
// Prints milliseconds of CPU and of wall clock for the import, and from the end of Node's own start to
// the first row.
const [client, port] = process.argv.slice(2)
const SQL = 'SELECT symbol, price, volume, time FROM one_row'
const started = performance.nodeTiming.bootstrapComplete

const clients = {
  'spice-sidecar': {
    load: () => import('../../dist/index.mjs'),
    async firstRow({ connect }) {
      const spice = await connect({
        flightUrl: `grpc://127.0.0.1:${port}`,
        server: 'spice',
        transport: 'flight',
      })
      const [row] = await spice.query(SQL)
      return row
    },
  },
  '@spiceai/spice': {
    load: () => import('@spiceai/spice'),
    async firstRow({ SpiceClient }) {
      const spice = new SpiceClient({ flightUrl: `127.0.0.1:${port}`, flightOnly: true, logging: false })
      return (await spice.sql(SQL)).toArray()[0]
    },
  },
}

const cpu = process.cpuUsage()
const before = performance.now()
const loaded = await clients[client].load()
const importMs = performance.now() - before
const { user, system } = process.cpuUsage(cpu)
const row = await clients[client].firstRow(loaded)
if (row?.symbol !== 'BTC-USD') throw new Error(`not the first row: ${row}`)
const firstRowMs = performance.now() - started
console.log(JSON.stringify({ importCpuMs: (user + system) / 1000, importMs, firstRowMs }))
process.exit(0)
