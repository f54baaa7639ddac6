import { OptionsError, SidecarError } from '../errors.ts'

/** Prints why a command failed, in at most two lines unless `verbose`, and returns its exit code. */
export function reportFailure(error: unknown, verbose: boolean): 1 | 2 {
  if (verbose) {
    console.error(error)
  } else {
    const message = error instanceof Error ? error.message || error.name : String(error)
    const [first, ...rest] = message.split('\n').map((line) => line.trim())
    const details = rest.filter((line) => line !== '').join('; ')
    console.error(`spice-sidecar: ${first}${details === '' ? '' : `\n  ${details}`}`)
    if (!(error instanceof SidecarError)) console.error('  Run again with --verbose for the stack.')
  }
  return error instanceof OptionsError ? 2 : 1
}
