/** What to do about a runtime that may still be starting. */
export function startAdvice(startTimeoutMs: number): string {
  return startTimeoutMs === 0
    ? 'startTimeoutMs waits for one that is still starting'
    : `nothing answered there within ${startTimeoutMs} ms (startTimeoutMs)`
}
