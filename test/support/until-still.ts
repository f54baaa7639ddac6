/** Long enough for a peer that can go on to have gone on. */
const PAUSE_MS = 60

/** Resolves with a count once it no longer grows: a peer that is held back gives no sign of it. */
export async function untilStill(count: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = count()
    if (now === before) return now
    before = now
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}
