import { connect } from '../client/connect.ts'
import { OptionsError } from '../errors.ts'
import {
  CONNECTION_FLAGS,
  CONNECTION_HELP,
  choiceFlag,
  connectionOptions,
  interruptSignal,
  parseCommand,
} from './arguments.ts'

const HELP = `Usage: spice-sidecar discover [options]

Finds the runtime, waits until it is ready and says where it is and how it was found.

  --format F            text or json (default text)
${CONNECTION_HELP}
`

/** The `discover` command. */
export async function discover(argv: string[]): Promise<number> {
  const { values, positionals } = parseCommand('discover', argv, {
    ...CONNECTION_FLAGS,
    format: { type: 'string', default: 'text' },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  if (positionals.length > 0) {
    throw new OptionsError(
      `discover takes no ${JSON.stringify(positionals[0])}; addresses go after --http-url.`,
    )
  }
  const format = choiceFlag('format', values.format, ['text', 'json'])
  const { signal, done } = interruptSignal()
  try {
    const spice = await connect({ ...connectionOptions(values), signal })
    const { endpoint } = spice
    await spice.close()
    if (format === 'json') {
      process.stdout.write(`${JSON.stringify(endpoint, null, 2)}\n`)
      return 0
    }
    const lines = [
      `HTTP    ${endpoint.http ?? 'not known'}`,
      `Flight  ${endpoint.flight ?? 'not used'}`,
      `Queries go over ${endpoint.transport}.`,
      ...endpoint.reasons.map((reason) => `- ${reason}`),
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  } finally {
    done()
  }
}
