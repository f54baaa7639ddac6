import type { RuntimeContext } from '../runtime-context.ts'
import type { App } from './app-types.ts'

/** `/health` and `/v1/ready`, which need no key. */
export function registerHealthRoutes(app: App, { datasets, contract }: RuntimeContext): void {
  app.get('/health', (c) => c.text('ok\n'))
  app.get('/v1/ready', (c) => {
    const executors = gate(c.req.query('min_ready_executors'), 0xffff_ffff)
    const percent = gate(c.req.query('min_ready_executors_percent'), 100)
    if (executors === null || percent === null)
      return c.text('the executor gates are whole numbers, the percentage at most 100', 400)
    if (executors > 0 || percent > 0) return c.text('executors can only be waited for on a scheduler', 400)
    const text = datasets.ready ? contract.ready : contract.notReady
    const status = datasets.ready ? 200 : 503
    if (c.req.query('verbose') !== 'true') return c.text(text, status)
    const lines = datasets.all.map(({ name, status }) => `[${MARKS[status]}] dataset:${name} ${status}`)
    return c.text([...lines, text].join('\n'), status)
  })
}

const MARKS = { Ready: '+', Refreshing: '+', Initializing: ' ', Error: '-' } as const

function gate(value: string | undefined, max: number): number | null {
  if (value === undefined) return 0
  return /^\d+$/.test(value) && Number(value) <= max ? Number(value) : null
}
