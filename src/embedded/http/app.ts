import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { matchedRoutes } from 'hono/route'
import type { RuntimeContext } from '../runtime-context.ts'
import { registerAccelerationRoutes } from './acceleration-routes.ts'
import { registerActiveQueryRoutes } from './active-query-routes.ts'
import type { App, AppContext, AppEnvironment } from './app-types.ts'
import { registerHealthRoutes } from './health-routes.ts'
import { registerListingRoutes } from './listing-routes.ts'
import { registerSqlRoute } from './sql-route.ts'

const MAX_BODY_BYTES = 128 * 1024 * 1024
const MAX_PROBE_BODY_BYTES = 128 * 1024

/** The HTTP API of a runtime built without models, so the routes of models, search and tools do not exist. */
export function createApp(context: RuntimeContext): App {
  const app = new Hono<AppEnvironment>()

  app.use(async (c, next) => {
    const started = performance.now()
    await next()
    const { outgoing } = c.env
    const status = outgoing.headersSent ? outgoing.statusCode : c.res.status
    const labels = { method: c.req.method, path: routeOf(c), status: String(status) }
    context.metrics.count('http_requests_total', labels)
    context.metrics.observe('http_requests_duration_seconds', (performance.now() - started) / 1_000, labels)
  })

  app.use(async (c, next) => {
    if (context.shuttingDown.aborted && c.req.path !== '/health') {
      return c.text('Runtime is shutting down', 503, { connection: 'close' })
    }
    return next()
  })

  const tooLarge = (c: { body(data: null, status: 413): Response }) => c.body(null, 413)
  app.use('/health', bodyLimit({ maxSize: MAX_PROBE_BODY_BYTES, onError: tooLarge }))
  app.use('/v1/ready', bodyLimit({ maxSize: MAX_PROBE_BODY_BYTES, onError: tooLarge }))
  registerHealthRoutes(app, context)

  app.use(async (c, next) => {
    const principal = context.authenticator.authenticate(c.req.header('x-api-key'))
    if (!principal) return new Response(Buffer.from('Unauthorized'), { status: 401 })
    c.set('principal', principal)
    return next()
  })
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }))
  registerSqlRoute(app, context)
  registerActiveQueryRoutes(app, context)
  registerListingRoutes(app, context)
  registerAccelerationRoutes(app, context)

  app.notFound((c) => c.body(null, 404))
  app.onError((error, c) => c.text(error.message, 500))
  return app
}

/** The pattern of the route that answered, so that paths with names in them do not each become a label. */
function routeOf(c: AppContext): string {
  return matchedRoutes(c).findLast(({ method }) => method !== 'ALL')?.path ?? 'other'
}
