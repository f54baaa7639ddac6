import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SidecarError } from '../../src/errors.ts'
import { connect, type SidecarClient } from '../../src/index.ts'
import { EVERY_TYPE } from './every-type.ts'
import { interopPath, PYTHON, ServerProcess } from './server-process.ts'

/** A Flight server on gRPC C++: every Arrow type as Arrow C++ writes it, several endpoints, its errors. */
let server: ServerProcess

beforeAll(async () => {
  server = await ServerProcess.start(PYTHON, [interopPath('flight_server.py')])
})
afterAll(() => server.stop())

describe.each(['native', 'grpc-js'] as const)('the C++ Flight server over %s', (transport) => {
  let spice: SidecarClient

  beforeAll(async () => {
    spice = await connect({
      flightUrl: `grpc://${server.addresses.flight}`,
      server: 'flight-sql',
      flight: { transport },
    })
  })
  afterAll(() => spice.close())

  it('reads every Arrow type exactly', async () => {
    const rows = await spice.query('SELECT * FROM every_type')
    expect(rows).toHaveLength(3)
    for (const [column, expected] of Object.entries(EVERY_TYPE)) {
      expect(
        rows.map((row) => row[column]),
        column,
      ).toEqual(expected)
    }
    expect(Object.keys(rows[0])).toEqual(Object.keys(EVERY_TYPE))
  })

  it('reads a message far over the default limit of gRPC', async () => {
    let rows = 0
    let last: unknown
    for await (const batch of spice.query('SELECT * FROM one_big_batch').batches()) {
      rows += batch.numRows
      last = batch.getChild('id')?.get(batch.numRows - 1)
    }
    expect([rows, last]).toEqual([6_291_456, 6_291_455n])
  })

  it('follows dictionaries that grow and change between batches', async () => {
    const rows = await spice.query('SELECT * FROM changing_dictionaries')
    expect(rows.map((row) => row.letter)).toEqual(['a', 'b', 'a', 'b', 'c', 'z'])
  })

  it.each(['lz4', 'zstd'])('inflates bodies compressed with %s', async (codec) => {
    const rows = await spice.query(`SELECT * FROM compressed_${codec}`)
    expect(rows).toHaveLength(50_000)
    expect(rows[49_999]).toEqual({ id: 49_999n, text: 'row 49999' })
  })

  it('gives no rows for an empty result', async () => {
    expect(await spice.query('SELECT * FROM empty')).toEqual([])
  })

  it('reads every endpoint in order, elsewhere too', async () => {
    const rows = await spice.query('SELECT * FROM endpoints')
    expect(rows).toHaveLength(40_000)
    expect(rows.every((row, index) => row.id === BigInt(index))).toBe(true)
  })

  it('never returns a short result when the server fails midway', async () => {
    let rows = 0
    const reading = (async () => {
      for await (const _ of spice.query('SELECT * FROM fails_midway')) rows++
    })()
    await expect(reading).rejects.toThrow('the disk went away')
    expect(rows).toBeLessThanOrEqual(3 * 8_192)
    await expect(spice.query('SELECT * FROM fails_midway')).rejects.toBeInstanceOf(SidecarError)
  })

  it.each([
    'cancelled',
    'internal',
    'unauthenticated',
    'unauthorized',
    'invalid',
    'missing',
    'unimplemented',
  ])('passes on what the server says of a call it ends as %s', async (kind) => {
    const error = await spice.query(`SELECT * FROM error_${kind}`).then(
      () => null,
      (reason: unknown) => reason as Error,
    )
    expect(error).toBeInstanceOf(SidecarError)
    expect(`${error?.message} ${(error?.cause as Error | undefined)?.message}`).toContain(
      `asked to fail with error_${kind}: żółć 100%`,
    )
  })

  it('cancels a stream without end and uses the connection again', async () => {
    let rows = 0
    for await (const batch of spice.query('SELECT * FROM endless').batches()) {
      rows += batch.numRows
      if (rows > 500_000) break
    }
    expect(await spice.query('SELECT * FROM numbers')).toHaveLength(100_000)
  })
})
