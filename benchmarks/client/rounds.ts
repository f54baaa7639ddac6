import { type CaseName, type ServerAddress, SQL } from './cases.ts'
import { type Measurement, median } from './measure.ts'
import type { Result } from './report.ts'

export type Figure = 'p50Us' | 'p99Us' | 'cpuUsPerQuery' | 'gbPerSecond' | 'queriesPerSecond'

/** What every round measured, in order: a client's n-th result stands beside its peers' n-th. */
export class Rounds {
  readonly #rounds = new Map<string, Result[]>()
  readonly #streamBytes: number

  constructor(address: ServerAddress) {
    this.#streamBytes = address.answerBytes[SQL.stream]!
  }

  add(name: CaseName, client: string, measurement: Measurement): void {
    const queriesPerSecond = (measurement.queries / measurement.elapsedUs) * 1e6
    const result: Result = {
      case: name,
      client,
      p50Us: measurement.p50Us,
      p99Us: measurement.p99Us,
      cpuUsPerQuery: measurement.cpuUsPerQuery,
      gbPerSecond: name === 'stream' ? (queriesPerSecond * this.#streamBytes) / 1e9 : null,
      queriesPerSecond,
    }
    const key = keyOf(name, client)
    this.#rounds.set(key, [...(this.#rounds.get(key) ?? []), result])
  }

  medians(): Result[] {
    return [...this.#rounds.values()].map((rounds) => {
      const of = (figure: Figure) => median(rounds.map((round) => round[figure] ?? 0))
      return {
        case: rounds[0]!.case,
        client: rounds[0]!.client,
        p50Us: of('p50Us'),
        p99Us: of('p99Us'),
        cpuUsPerQuery: of('cpuUsPerQuery'),
        gbPerSecond: rounds[0]!.gbPerSecond === null ? null : of('gbPerSecond'),
        queriesPerSecond: of('queriesPerSecond'),
      }
    })
  }

  /**
   * The median of the rounds' own ratios: what the machine did to one round, it did to both sides of it.
   * Undefined when either client did not run the case.
   */
  ratio(name: CaseName, figure: Figure, client: string, peer: string): number | undefined {
    const ours = this.#rounds.get(keyOf(name, client))
    const theirs = this.#rounds.get(keyOf(name, peer))
    if (ours === undefined || theirs === undefined) return undefined
    return median(ours.map((round, index) => (round[figure] ?? 0) / (theirs[index]![figure] ?? 0)))
  }
}

function keyOf(name: CaseName, client: string): string {
  return `${name} ${client}`
}
