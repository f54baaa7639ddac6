import type { Dataset } from '../datasets.ts'
import type { RuntimeContext } from '../runtime-context.ts'
import { tableReference } from '../table-reference.ts'
import type { App, AppContext } from './app-types.ts'

/** `/v1/status`, `/v1/datasets`, `/v1/catalogs` and `/v1/spicepods`: lists in JSON or CSV. */
export function registerListingRoutes(app: App, context: RuntimeContext): void {
  app.get('/v1/status', (c) => list(c, ['name', 'endpoint', 'status'], statusRows(context)))

  app.get('/v1/datasets', (c) => {
    const source = c.req.query('source')
    const withStatus = c.req.query('status') === 'true'
    const datasets = context.datasets.all.filter(() => source === undefined || source === 'file')
    const columns = [
      'from',
      'name',
      'replication_enabled',
      'acceleration_enabled',
      ...(withStatus ? ['status'] : []),
    ]
    return list(
      c,
      columns,
      datasets.map((dataset) => datasetRow(dataset, withStatus)),
    )
  })

  // Catalog connectors are listed here, and the embedded runtime has none.
  app.get('/v1/catalogs', (c) => list(c, ['from', 'name'], [], c.req.header('accept') === 'text/csv'))

  app.get('/v1/spicepods', (c) => {
    const { spicepod, definition } = context.spicepod
    if (c.req.query('format') !== 'csv') return c.json([definition])
    return list(
      c,
      ['name', 'version', 'datasets_count', 'models_count', 'dependencies_count'],
      [
        {
          name: spicepod.name,
          version: spicepod.version ?? 'v1',
          datasets_count: spicepod.datasets.length,
          models_count: 0,
          dependencies_count: 0,
        },
      ],
    )
  })
}

type Row = Record<string, unknown>

/** The format is asked for by `?format=csv`; other columns than `columns` appear in JSON only. */
function list(
  c: AppContext,
  columns: readonly string[],
  rows: readonly Row[],
  csv = c.req.query('format') === 'csv',
) {
  if (!csv) return c.json(rows)
  const lines = [columns, ...rows.map((row) => columns.map((column) => csvCell(String(row[column] ?? ''))))]
  return c.body(lines.map((cells) => `${cells.join(',')}\n`).join(''), 200, { 'content-type': 'text/csv' })
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function statusRows({ addresses, contract }: RuntimeContext): Row[] {
  const row = (name: string, address: string | null) =>
    address === null
      ? { name, endpoint: 'N/A', status: 'Disabled' }
      : { name, endpoint: address, status: 'Ready' }
  const rows = [
    row('http', addresses.http),
    row('flight', addresses.flight),
    row('metrics', addresses.metrics),
  ]
  return contract.openTelemetryRow ? [...rows, row('opentelemetry', null)] : rows
}

function datasetRow(dataset: Dataset, withStatus: boolean): Row {
  const row: Row = {
    from: dataset.definition.from,
    name: tableReference(dataset.name),
    replication_enabled: false,
    acceleration_enabled: dataset.accelerated,
  }
  if (!withStatus) return row
  row.status = dataset.status
  if (dataset.error !== null) {
    row.error = { category: 'dataset', type: 'unknown', code: 'dataset.unknown' }
    row.error_message = dataset.error
  }
  return row
}
