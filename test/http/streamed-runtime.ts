import type { ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { type ConnectOptions, connect } from '../../src/index.ts'
import { runtimeScript, SQL_MEDIA_TYPE, scriptedHttp, sqlReply } from '../support/scripted-http.ts'

/** A runtime whose answer is written by `onSql` once its head is sent, and its client; both end with the test. */
export async function runtime(
  onSql: (response: ServerResponse, sql: string) => unknown,
  options: ConnectOptions = {},
) {
  const responses: ServerResponse[] = []
  const server = await scriptedHttp(
    runtimeScript(({ body }, response) => {
      responses.push(response)
      response.writeHead(200, { 'content-type': SQL_MEDIA_TYPE }).flushHeaders()
      onSql(response, body)
    }),
  )
  const spice = await connect({ httpUrl: server.url, env: {}, ...options })
  onTestFinished(server.close)
  onTestFinished(() => spice.close())
  return { server, spice, responses }
}

/** What comes before the first row, and after the last. */
export const HEAD = sqlReply({ n: 'Int32', s: 'Utf8' }, '[]', 0)
  .replace('"row_count":0,', '')
  .replace(/\]\}$/, '')
export const TAIL = ']}'
