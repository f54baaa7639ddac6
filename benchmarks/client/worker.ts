/** The process of one client under test: opens it, then measures what the parent asks for. */
import type { CaseName, ServerAddress } from './cases.ts'
import { CLIENTS } from './clients/index.ts'
import { type Measurement, measure } from './measure.ts'

export interface WorkerRequest {
  case: CaseName
  durationMs: number
}

export type WorkerReply = { measurement: Measurement } | { error: string }

const WARM_UP_MS = 1_000

const [name, address] = process.argv.slice(2)
const underTest = CLIENTS.find((client) => client.name === name)
if (underTest === undefined) throw new Error(`no client named ${name}`)
const opened = underTest.open(JSON.parse(address!) as ServerAddress)

/** Cases this process has run before: the first run of each is for its compiler and its caches. */
const warm = new Set<CaseName>()

process.on('message', (request: WorkerRequest) => {
  opened
    .then(async (client) => {
      if (!warm.has(request.case)) await measure(client, request.case, WARM_UP_MS)
      warm.add(request.case)
      return measure(client, request.case, request.durationMs)
    })
    .then(
      (measurement) => reply({ measurement }),
      (error: unknown) =>
        reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
})
process.once('disconnect', () => process.exit(0))

function reply(message: WorkerReply): void {
  process.send!(message)
}
