import { OptionsError, SidecarError } from '../errors.ts'
import { Interruption } from './arguments.ts'

/** Prints why a command failed, in at most two lines unless `verbose`, and returns its exit code. */
export function reportFailure(error: unknown, verbose: boolean): 1 | 2 {
  if (verbose) {
    console.error(error)
  } else if (error instanceof Interruption || (error as Error | null)?.cause instanceof Interruption) {
    console.error('spice-sidecar: interrupted')
  } else {
    const message = error instanceof Error ? error.message || error.name : String(error)
    const [first, ...rest] = message.split('\n').map((line) => line.trim())
    const details = rest.filter((line) => line !== '').join('; ')
    console.error(`spice-sidecar: ${first}${details === '' ? '' : `\n  ${details}`}`)
    if (!(error instanceof SidecarError)) console.error('  Run again with --verbose for the stack.')
  }
  return error instanceof OptionsError ? 2 : 1
}
