import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import type { Principal } from '../authenticator.ts'

/** What the handlers of one request share. */
export interface AppEnvironment {
  Bindings: HttpBindings
  Variables: { principal: Principal }
}

export type App = Hono<AppEnvironment>
export type AppContext = Context<AppEnvironment>
