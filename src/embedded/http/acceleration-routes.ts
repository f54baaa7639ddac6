import type { Dataset } from '../datasets.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import type { App, AppContext } from './app-types.ts'

/** Refreshing an accelerated dataset and changing what a refresh reads. */
export function registerAccelerationRoutes(app: App, { datasets }: RuntimeContext): void {
  app.post('/v1/datasets/:name/acceleration/refresh', async (c) => {
    const dataset = accelerated(c)
    if (dataset instanceof Response) return dataset
    const { refresh_sql: sql, refresh_mode: mode } = await jsonBody(c)
    if (mode !== undefined && mode !== 'full') {
      return c.json(
        { message: `refresh_mode ${mode} is not supported by the embedded runtime; full is` },
        400,
      )
    }
    datasets.refresh(dataset, typeof sql === 'string' ? sql : dataset.refreshSql)
    return c.json({ message: `Dataset refresh triggered for ${dataset.name}.` }, 201)
  })

  app.patch('/v1/datasets/:name/acceleration', async (c) => {
    const dataset = accelerated(c)
    if (dataset instanceof Response) return dataset
    const { refresh_sql: sql } = await jsonBody(c)
    if (typeof sql === 'string') dataset.refreshSql = sql
    return c.body(null, 200)
  })

  function accelerated(c: AppContext): Dataset | Response {
    if (!c.get('principal').canWrite) {
      return c.json({ message: 'API key does not allow write access' }, 403)
    }
    const name = c.req.param('name') ?? ''
    const dataset = datasets.find(name)
    if (!dataset) return c.json({ message: `Dataset ${name} not found` }, 404)
    if (!dataset.accelerated) {
      return c.json({ message: `Dataset ${name} does not have acceleration enabled` }, 400)
    }
    return dataset
  }
}

/** The runtime ignores a body that is no JSON object. */
async function jsonBody(c: AppContext): Promise<Record<string, unknown>> {
  const value: unknown = await c.req.json().catch(() => null)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
