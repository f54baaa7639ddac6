import { openLink } from '../bench/link.ts'
import { OptionsError } from '../errors.ts'
import { interruptSignal, parseCommand } from './arguments.ts'
import { LINK_FLAGS, LINK_HELP, linkProfile } from './link-flags.ts'

const HELP = `Usage: spice-sidecar link HOST:PORT [options]

Listens on a free port of 127.0.0.1 and passes everything on to HOST:PORT, delayed like a network
would. Prints one line of JSON with the address, then runs until it is interrupted.

${LINK_HELP}
`

/** The `link` command. */
export async function link(argv: string[]): Promise<number> {
  const { values, positionals } = parseCommand('link', argv, LINK_FLAGS)
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const [target] = positionals
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(target ?? '')?.[1]
  if (positionals.length !== 1 || port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new OptionsError(
      'Give one HOST:PORT, such as 127.0.0.1:50051.\nspice-sidecar link --help explains.',
    )
  }
  const opened = await openLink(target!, linkProfile(values))
  process.stdout.write(`${JSON.stringify({ event: 'listening', address: opened.address, target })}\n`)
  await new Promise<void>((resolve) => {
    interruptSignal().signal.addEventListener('abort', () => resolve())
    // Started by another process that is gone now: a link must not outlive its benchmark.
    process.once('disconnect', resolve)
  })
  await opened.close()
  if (process.connected) process.disconnect()
  return 0
}
