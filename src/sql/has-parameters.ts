import type { Statement } from '../client/result.ts'

/** Whether there is anything to bind: an empty list and an empty object are the same as none. */
export function hasParameters({ parameters }: Statement): boolean {
  if (parameters === undefined) return false
  return (Array.isArray(parameters) ? parameters : Object.keys(parameters)).length > 0
}
