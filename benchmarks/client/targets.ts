import type { CaseName } from './cases.ts'
import type { Ratio } from './report.ts'
import type { Figure, Rounds } from './rounds.ts'
import type { Startup } from './startup.ts'

const NATIVE = 'spice-sidecar, native'

type Target = [name: CaseName, figure: Figure, peer: string, bound: Ratio['bound'], target: number]

/** The native transport against its peers in the same run. */
const TARGETS: readonly Target[] = [
  ['one-row', 'p50Us', 'floor', 'at most', 1.25],
  ['one-row', 'p50Us', 'grpc-js, defaults', 'at most', 0.45],
  ['one-row', 'p50Us', '@spiceai/spice', 'at most', 1 / 6],
  ['one-row', 'cpuUsPerQuery', 'floor', 'at most', 1.5],
  ['stream', 'gbPerSecond', 'floor', 'at least', 0.9],
  ['stream', 'gbPerSecond', 'grpc-js, 16 MiB window', 'at least', 1.8],
  ['stream', 'gbPerSecond', 'grpc-js, defaults', 'at least', 7],
  ['stream', 'gbPerSecond', 'pyarrow.flight', 'at least', 1],
  ['inflight64', 'queriesPerSecond', 'grpc-js, defaults', 'at least', 4],
]

const LABELS: Record<Figure, string> = {
  p50Us: 'p50',
  p99Us: 'p99',
  cpuUsPerQuery: 'CPU per query',
  gbPerSecond: 'GB/s',
  queriesPerSecond: 'queries/s',
}

export function compareWithTargets(rounds: Rounds, startup: readonly Startup[]): Ratio[] {
  const ratios: Ratio[] = []
  const add = (figure: string, value: number, bound: Ratio['bound'], target: number) =>
    ratios.push({
      figure,
      value,
      target,
      bound,
      met: bound === 'at most' ? value <= target : value >= target,
    })
  for (const [name, figure, peer, bound, target] of TARGETS) {
    const ratio = rounds.ratio(name, figure, NATIVE, peer)
    if (ratio !== undefined) add(`${name}: ${LABELS[figure]} / ${peer}`, ratio, bound, target)
  }
  const own = startup.find((entry) => entry.client === 'spice-sidecar')
  if (own !== undefined) {
    add('import, CPU ms', own.importCpuMs, 'at most', 30)
    add('first row after Node has started, ms', own.firstRowMs, 'at most', 60)
  }
  return ratios
}
