import { Metadata } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import type { FlightSourceOptions } from '../../src/flight/flight-source.ts'
import { collectRows } from '../support/collect-rows.ts'
import { Refusal } from '../support/flight-server.ts'
import { startFlightSql } from './scripted-flight-sql.ts'

describe.each(['native', 'grpc-js'] as const)('statements with a login over %s', (transport) => {
  const start = (options?: Partial<FlightSourceOptions>) => startFlightSql(transport, options)

  it('exchange name and password for a token first, and again when it ran out', async () => {
    const { server, source } = await start({ login: { username: 'ann', password: 'sesame' } })
    let token = 'Bearer one'
    server.script.Handshake = async (call) => {
      const headers = new Metadata()
      headers.set('authorization', token)
      expect(call.metadata.get('authorization')).toEqual([
        `Basic ${Buffer.from('ann:sesame').toString('base64')}`,
      ])
      call.sendHeaders(headers)
    }
    const plan = server.script.GetFlightInfo!
    server.script.GetFlightInfo = (call) => {
      if (call.metadata.get('authorization')[0] !== token) throw new Refusal('UNAUTHENTICATED', 'expired')
      return plan(call)
    }
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    expect(server.count('Handshake')).toBe(1)
    token = 'Bearer two'
    expect((await collectRows(source, 'SELECT 1')).error).toMatchObject({
      code: 'UNAUTHENTICATED',
      unprocessed: true,
    })
    expect((await collectRows(source, 'SELECT 1')).error).toBeNull()
    expect(server.count('Handshake')).toBe(2)
  })
})
