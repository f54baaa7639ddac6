#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { OptionsError } from '../errors.ts'
import { reportFailure } from './failure.ts'

/** A command resolves to its exit code: 0 done, 1 the work failed, 2 wrong use. */
type Run = (argv: string[]) => Promise<number>

/** Each command is loaded when it is asked for: `query` should not wait for what `serve` needs. */
const COMMANDS: Record<string, { summary: string; load(): Promise<Run> }> = {
  discover: {
    summary: 'find the runtime on this machine and say how it was found',
    load: async () => (await import('./discover.ts')).discover,
  },
  query: {
    summary: 'run one SQL statement and print its rows',
    load: async () => (await import('./query.ts')).query,
  },
  types: {
    summary: 'write TypeScript types and zod schemas of the datasets',
    load: async () => (await import('./types.ts')).types,
  },
  bench: {
    summary: 'measure loopback latency against a remote deployment',
    load: async () => (await import('./bench.ts')).bench,
  },
  serve: {
    summary: 'start the embedded runtime (DuckDB behind the same protocols)',
    load: async () => (await import('./serve.ts')).serve,
  },
  link: {
    summary: 'put an emulated network in front of a port',
    load: async () => (await import('./link.ts')).link,
  },
}

const HELP = `spice-sidecar: the client for a Spice runtime beside the application

Usage: spice-sidecar COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

Try it without a runtime of your own:
  spice-sidecar serve spicepod.yaml             in one terminal
  spice-sidecar query "SELECT 1 AS one"         in another

spice-sidecar COMMAND --help explains a command. --verbose shows stacks of errors.
Exit status: 0 done, 1 the work failed, 2 wrong use.
`

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP)
    return name === undefined ? 2 : 0
  }
  if (name === '--version' || name === '-v') {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    process.stdout.write(`${manifest.version}\n`)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    const known = Object.keys(COMMANDS).join(', ')
    throw new OptionsError(`There is no command ${JSON.stringify(name)}. Commands: ${known}.`)
  }
  return (await command.load())(rest)
}

const argv = process.argv.slice(2)
// A reader that has seen enough (`| head`) ends the output; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
try {
  process.exitCode = await main(argv)
} catch (error) {
  process.exitCode = reportFailure(error, argv.includes('--verbose'))
}
