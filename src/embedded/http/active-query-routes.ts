import type { RuntimeContext } from '../runtime-context.ts'
import type { App, AppContext } from './app-types.ts'

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const PREVIEW_LENGTH = 100

/** Listing and cancelling the statements that run now, whatever protocol they came by. */
export function registerActiveQueryRoutes(app: App, { engine }: RuntimeContext): void {
  app.get('/v1/sql/active', (c) => {
    const refused = refuse(c)
    if (refused) return refused
    const queries = engine.active.list(c.get('principal').id).map((query) => ({
      query_id: query.id,
      protocol: query.protocol,
      sql_preview: preview(query.sql),
      started_at_ms: query.startedAtMs,
    }))
    return c.json({ queries, total_count: queries.length })
  })

  app.post('/v1/sql/:id/cancel', (c) => {
    const refused = refuse(c)
    if (refused) return refused
    const id = c.req.param('id')
    if (!UUID.test(id)) return c.json({ error: `${id} is no query id` }, 400)
    if (!engine.active.cancel(id.toLowerCase(), c.get('principal').id)) {
      return c.json({ error: `no active query ${id}` }, 404)
    }
    return c.json({ query_id: id, status: 'cancelled' })
  })

  // Asynchronous queries need a scheduler, which a single runtime is not.
  app.all('/v1/queries/*', schedulerOnly)
  app.all('/v1/queries', schedulerOnly)
}

function schedulerOnly(c: AppContext) {
  return c.json({ error: 'asynchronous queries are only available when running as scheduler' }, 503)
}

function refuse(c: AppContext): Response | null {
  return c.get('principal').canWrite ? null : c.json({ message: 'API key does not allow write access' }, 403)
}

function preview(sql: string): string {
  return sql.length <= PREVIEW_LENGTH ? sql : `${sql.slice(0, PREVIEW_LENGTH - 3)}...`
}
