import { cpus, release, totalmem, type } from 'node:os'

/** What a figure depends on besides the code. */
export interface Environment {
  date: string
  node: string
  cpu: string
  cores: number
  memoryGiB: number
  system: string
}

export function describeEnvironment(): Environment {
  const processors = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
  }
}
