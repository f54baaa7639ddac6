import { type ParseArgsConfig, parseArgs } from 'node:util'
import { OptionsError } from '../errors.ts'
import type { ConnectOptions } from '../options.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** Flags of every command. */
const COMMON = {
  help: { type: 'boolean', short: 'h' },
  verbose: { type: 'boolean' },
} as const satisfies Options

/** Flags of every command that talks to a runtime. */
export const CONNECTION_FLAGS = {
  'http-url': { type: 'string' },
  'flight-url': { type: 'string' },
  'api-key': { type: 'string' },
  'allow-insecure': { type: 'boolean' },
  'ready-timeout': { type: 'string' },
} as const satisfies Options

export const CONNECTION_HELP = `  --http-url URL        the runtime's HTTP address, such as http://127.0.0.1:8090
  --flight-url URL      its Flight address, such as grpc://127.0.0.1:50051
  --api-key KEY         better given as SPICE_API_KEY, which other users of the machine cannot see
  --allow-insecure      send the key in clear text to a host other than this one
  --ready-timeout S     seconds to wait until the runtime is ready (default 30)
  Without addresses: SPICE_HTTP_URL, SPICE_FLIGHT_URL, then the well-known ports on 127.0.0.1 and [::1].`

/** The options of `connect` that the connection flags stand for. Throws `OptionsError`. */
export function connectionOptions(values: {
  'http-url'?: string
  'flight-url'?: string
  'api-key'?: string
  'allow-insecure'?: boolean
  'ready-timeout'?: string
}): ConnectOptions {
  const readyTimeout = numberFlag('ready-timeout', values['ready-timeout'], { min: 0, max: 86_400 })
  return {
    httpUrl: values['http-url'],
    flightUrl: values['flight-url'],
    apiKey: values['api-key'],
    allowInsecure: values['allow-insecure'],
    readyTimeoutMs: readyTimeout === undefined ? undefined : readyTimeout * 1000,
  }
}

/** Parses a command's flags. Throws `OptionsError` with the command to ask for help. */
export function parseCommand<T extends Options>(command: string, argv: string[], options: T) {
  try {
    return parseArgs({ args: argv, options: { ...COMMON, ...options }, allowPositionals: true, strict: true })
  } catch (error) {
    const reason = (error as Error).message.replace(/\. To specify a positional argument.*$/s, '')
    throw new OptionsError(`${reason}\nspice-sidecar ${command} --help lists the options.`)
  }
}

/** A flag that takes a number. Throws `OptionsError` when it is none or outside the limits. */
export function numberFlag(
  name: string,
  text: string | undefined,
  limits: { min: number; max: number; integer?: boolean },
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  const { min, max, integer } = limits
  if (
    text.trim() === '' ||
    !(value >= min && value <= max) ||
    (integer === true && !Number.isInteger(value))
  ) {
    const kind = integer === true ? 'a whole number' : 'a number'
    throw new OptionsError(`--${name} takes ${kind} from ${min} to ${max}, not ${JSON.stringify(text)}.`)
  }
  return value
}

/** A flag that takes one of a few words. */
export function choiceFlag<T extends string>(name: string, text: string, choices: readonly T[]): T {
  if ((choices as readonly string[]).includes(text)) return text as T
  throw new OptionsError(`--${name} takes one of ${choices.join(', ')}, not ${JSON.stringify(text)}.`)
}

/** Why `interruptSignal` fired. */
export class Interruption extends Error {}

/** A signal that fires at the first Ctrl-C or SIGTERM; `done` takes the handlers away again. */
export function interruptSignal(): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const interrupt = () => controller.abort(new Interruption('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  return {
    signal: controller.signal,
    done: () => process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  }
}
