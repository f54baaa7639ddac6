import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api'
import { type DatasetSource, datasetSource, quoteName, quoteString } from './dataset-source.ts'
import type { Engine, TableAccess } from './engine/engine.ts'
import { EngineError, messageWithoutPlace } from './engine/engine-error.ts'
import { interruptible } from './engine/interruptible.ts'
import type { StatementTarget } from './engine/statement-target.ts'
import type { DatasetDefinition, Spicepod } from './spicepod/definition.ts'
import { referenceParts } from './table-reference.ts'

export type ComponentStatus = 'Initializing' | 'Ready' | 'Refreshing' | 'Error'

export interface Dataset {
  readonly definition: DatasetDefinition
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly source: DatasetSource
  /** Accelerated and writable datasets are tables in memory; others are views over their file. */
  readonly accelerated: boolean
  readonly writable: boolean
  refreshSql: string | null
  status: ComponentStatus
  /** Counted when the data was last read; null for a view. */
  rows: number | null
  error: string | null
}

/** A dataset or view as far as its documentation goes. */
type Described = Pick<DatasetDefinition, 'name' | 'description' | 'columns'>

/** What loading tells as it goes on; `name` is a dataset or a view. */
export interface LoadProgress {
  readonly name: string
  readonly seconds: number
  readonly rows: number | null
  readonly error: string | null
}

const CATALOG = 'spice'
const DEFAULT_SCHEMA = 'public'

/** With its catalog and schema, in lower case: DuckDB finds names whatever their case. */
function fullName(parts: readonly string[]): string {
  const [table, schema = DEFAULT_SCHEMA, catalog = CATALOG] = [...parts].reverse()
  return `${catalog}.${schema}.${table}`.toLowerCase()
}

/**
 * The tables of a spicepod. Statements of clients may read no file: DuckDB's external access is off but
 * for the very files the spicepod names, and the settings are locked before the first client connects.
 */
export class Datasets implements TableAccess {
  readonly all: readonly Dataset[]
  private readonly views: Spicepod['views']
  private readonly connection: DuckDBConnection
  private readonly onDataChanged: () => void
  /** Loads run one after the other: each already uses every thread of DuckDB. */
  private queue: Promise<void> = Promise.resolve()
  private loadedOnce = false
  private readonly stopping = new AbortController()

  private constructor(
    connection: DuckDBConnection,
    all: readonly Dataset[],
    views: Spicepod['views'],
    onDataChanged: () => void,
  ) {
    this.connection = connection
    this.all = all
    this.views = views
    this.onDataChanged = onDataChanged
  }

  /** Finds every source and locks DuckDB down; loads nothing yet. Throws `OptionsError`. */
  static async open(
    engine: Engine,
    spicepod: Spicepod,
    directory: string,
    onDataChanged: () => void,
  ): Promise<Datasets> {
    const all = spicepod.datasets.map((definition) => newDataset(definition, directory))
    const connection = await engine.instance.connect()
    const paths = (directories: boolean) =>
      all
        .filter(({ source }) => source.isDirectory === directories)
        .map(({ source }) => quoteString(source.path))
    for (const sql of [
      `SET GLOBAL allowed_paths = [${paths(false).join(', ')}]`,
      `SET GLOBAL allowed_directories = [${paths(true).join(', ')}]`,
      'SET GLOBAL autoinstall_known_extensions = false',
      'SET GLOBAL autoload_known_extensions = false',
      'SET GLOBAL enable_external_access = false',
      'SET GLOBAL lock_configuration = true',
      `USE ${CATALOG}.${DEFAULT_SCHEMA}`,
    ]) {
      await connection.run(sql)
    }
    const datasets = new Datasets(connection, all, spicepod.views, onDataChanged)
    engine.guardWith(datasets)
    return datasets
  }

  /** True once every dataset has been ready; stays true whatever a later refresh does. */
  get ready(): boolean {
    return this.loadedOnce
  }

  /** By `table`, `schema.table` or `spice.schema.table`, quoted or not, whatever the case. */
  find(name: string): Dataset | undefined {
    return this.findParts(referenceParts(name))
  }

  /** What the spicepod says about a dataset or view, by the parts of its name. */
  describe(path: readonly string[]): Described | undefined {
    const wanted = fullName(path)
    const described: readonly Described[] = [...this.all.map(({ definition }) => definition), ...this.views]
    return described.find(({ name }) => fullName(name.split('.')) === wanted)
  }

  /** Loads everything; resolves when all is ready, rejects with the first error after trying all. */
  async load(report: (progress: LoadProgress) => void): Promise<void> {
    const errors: string[] = []
    const attempt = async (name: string, work: () => Promise<number | null>) => {
      const started = performance.now()
      const result = await work().then(
        (rows) => ({ rows, error: null }),
        (error) => ({ rows: null, error: messageWithoutPlace(error) }),
      )
      if (result.error) errors.push(`${name}: ${result.error}`)
      report({ name, seconds: (performance.now() - started) / 1_000, ...result })
    }
    for (const dataset of this.all) await attempt(dataset.name, () => this.enqueue(() => this.fill(dataset)))
    for (const view of this.views) await attempt(view.name, () => this.enqueue(() => this.createView(view)))
    if (errors.length > 0) throw new EngineError('statement', errors.join('\n'))
    this.loadedOnce = true
  }

  /** Reads the file of an accelerated dataset again, in the background; its status tells how that went. */
  refresh(dataset: Dataset, refreshSql: string | null): void {
    dataset.status = 'Refreshing'
    this.enqueue(() => this.fill(dataset, refreshSql)).catch(() => {})
  }

  assertWritable(target: StatementTarget): void {
    const dataset = this.findParts(target.parts)
    const name = target.parts.join('.')
    if (!dataset)
      throw new EngineError('unsupported', `${name} is no dataset, so ${target.verb} cannot change it`)
    if (!dataset.writable) {
      throw new EngineError(
        'unsupported',
        `dataset ${dataset.name} is read-only; ${target.verb} needs access: read_write in the spicepod`,
      )
    }
  }

  loadingDataset(error: EngineError): string | null {
    const missing = /Table with name (\S+) does not exist/.exec(error.message)?.[1]
    if (!missing) return null
    const dataset = this.all.find(({ table }) => table.toLowerCase() === missing.toLowerCase())
    return dataset?.status === 'Initializing' ? dataset.name : null
  }

  /** Stops a load under way. */
  async close(): Promise<void> {
    this.stopping.abort(new EngineError('shutting-down', 'the runtime is shutting down'))
    await this.queue
    this.connection.disconnectSync()
  }

  private findParts(parts: readonly string[]): Dataset | undefined {
    const wanted = fullName(parts)
    return this.all.find(({ schema, table }) => fullName([schema, table]) === wanted)
  }

  private enqueue<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.queue.then(() => {
      this.stopping.signal.throwIfAborted()
      return work()
    })
    this.queue = done.then(
      () => {},
      () => {},
    )
    return done
  }

  private async fill(
    dataset: Dataset,
    refreshSql: string | null = dataset.refreshSql,
  ): Promise<number | null> {
    try {
      dataset.rows = await this.create(dataset, refreshSql)
      dataset.status = 'Ready'
      dataset.error = null
      this.onDataChanged()
      return dataset.rows
    } catch (error) {
      dataset.status = 'Error'
      dataset.error = messageWithoutPlace(error)
      throw error
    }
  }

  private async create(dataset: Dataset, refreshSql: string | null): Promise<number | null> {
    await this.createSchema(dataset.schema)
    const { relation } = dataset.source
    const name = qualified(dataset)
    if (!dataset.accelerated && !dataset.writable) {
      await this.run(`CREATE OR REPLACE VIEW ${name} AS SELECT * FROM ${relation}`)
      return null
    }
    // In a refresh_sql the dataset's own name stands for its source.
    const rows = refreshSql
      ? `WITH ${quoteName(dataset.table)} AS (SELECT * FROM ${relation}) SELECT * FROM (${refreshSql})`
      : `SELECT * FROM ${relation}`
    const result = await this.run(`CREATE OR REPLACE TABLE ${name} AS ${rows}`)
    const [[count]] = await result.getRows()
    return Number(count)
  }

  private async createView(view: Spicepod['views'][number]): Promise<null> {
    const { schema, table } = nameParts(view.name)
    await this.createSchema(schema)
    await this.run(`CREATE OR REPLACE VIEW ${qualified({ schema, table })} AS ${view.sql}`)
    return null
  }

  private run(sql: string): Promise<DuckDBMaterializedResult> {
    return interruptible(this.connection, this.stopping.signal, () => this.connection.run(sql))
  }

  private async createSchema(schema: string): Promise<void> {
    await this.run(`CREATE SCHEMA IF NOT EXISTS ${CATALOG}.${quoteName(schema)}`)
  }
}

function newDataset(definition: DatasetDefinition, directory: string): Dataset {
  return {
    definition,
    name: definition.name,
    ...nameParts(definition.name),
    source: datasetSource(definition, directory),
    accelerated: definition.acceleration?.enabled ?? false,
    writable: definition.access === 'read_write',
    refreshSql: definition.acceleration?.refresh_sql ?? null,
    status: 'Initializing',
    rows: null,
    error: null,
  }
}

function nameParts(name: string): { schema: string; table: string } {
  const [table, schema = DEFAULT_SCHEMA] = name.split('.').reverse()
  return { schema, table }
}

function qualified({ schema, table }: { schema: string; table: string }): string {
  return `${CATALOG}.${quoteName(schema)}.${quoteName(table)}`
}
