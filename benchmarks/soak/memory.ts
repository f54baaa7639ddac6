import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Megabytes (10^6 bytes). `live` is what survives a full collection, on the heap and beside it. */
export interface MemorySample {
  live: number
  resident: number
}

/** Memory after a full collection. */
export async function sampleMemory(): Promise<MemorySample> {
  // Twice, with a turn of the event loop between: finalisers of the first free what the second collects.
  collectGarbage()
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { live: (heapUsed + external) / 1e6, resident: rss / 1e6 }
}

export function residentMegabytes(): number {
  return process.memoryUsage.rss() / 1e6
}
